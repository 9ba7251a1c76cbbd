"""The catalogue of backup products: one YAML a product, every value with its source."""

from readiness.products.catalogue import Catalogue, load, load_bytes
from readiness.products.models import PackageChoice, Peer, Place, Product, Role, VersionRule, WindowsPlace

__all__ = [
    "Catalogue",
    "PackageChoice",
    "Peer",
    "Place",
    "Product",
    "Role",
    "VersionRule",
    "WindowsPlace",
    "load",
    "load_bytes",
]
