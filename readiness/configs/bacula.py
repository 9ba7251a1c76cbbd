"""Bacula's configuration: resources in braces, files that include others."""

from readiness.configs.format import Format
from readiness.configs.statements import folded

FORMAT = Format("bacula", folded)
