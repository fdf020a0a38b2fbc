"""Value codes: what the bits of a low-bit element mean.

`parse_code("unipolar<2>")` gives the code of a name; `Code.values`, `encode` and `decode` map
between bit patterns and integers.
"""

from lowbit_dialect.codes import (
    BipolarType,
    Code,
    CodebookType,
    SignedType,
    UnipolarType,
    parse_code,
)

__all__ = ["BipolarType", "Code", "CodebookType", "SignedType", "UnipolarType", "parse_code"]
