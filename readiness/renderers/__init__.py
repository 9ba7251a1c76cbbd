"""Renderers: from outcomes and judgement to a format; they decide nothing."""
