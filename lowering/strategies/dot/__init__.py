"""Contractions by dot products of bytes."""

from lowering.strategies.dot.strategy import Dot

STRATEGY = Dot()
