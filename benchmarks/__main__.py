"""`python -m benchmarks`: our kernels against goals and other libraries."""

import sys

from benchmarks.command import main

sys.exit(main())
