"""The one reader of YAML that people write: plain data with the place of every value, strict models, known names."""
