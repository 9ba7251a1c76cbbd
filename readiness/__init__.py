"""Go-live gate for backup services: files -> plan -> collect -> facts -> checks -> outcomes -> verdict -> renderers."""

__version__ = "0.1.0"
