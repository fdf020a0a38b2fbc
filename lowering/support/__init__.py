"""What passes share: diagnostics, counters, options, functions, plug-ins."""
