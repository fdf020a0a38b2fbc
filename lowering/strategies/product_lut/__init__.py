"""Contractions by tables of products."""

from lowering.strategies.product_lut.strategy import ProductLut

STRATEGY = ProductLut()
