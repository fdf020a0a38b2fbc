"""Compiled functions on other machines: reached by ssh, emulated, or this one."""
