"""The catalogue of backup products: one YAML a product, every value with its source."""

from readiness.products.catalogue import Catalogue, load, load_bytes

__all__ = ["Catalogue", "load", "load_bytes"]
