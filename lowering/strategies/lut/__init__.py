"""Contractions by tables of partial sums."""

from lowering.strategies.lut.strategy import Lut

STRATEGY = Lut()
