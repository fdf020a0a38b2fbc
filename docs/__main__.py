"""Make all pages and pictures that come from the code.

python -m docs            rewrite what is out of date
python -m docs --check    only say what is, and fail if anything is
"""

from __future__ import annotations

import sys

from docs import generate_excerpts, generate_ops, generate_passes, make_pictures

if __name__ == "__main__":
    check = "--check" in sys.argv[1:]
    makers = (generate_ops, generate_passes, generate_excerpts, make_pictures)
    sys.exit(max(maker.main(check) for maker in makers))
