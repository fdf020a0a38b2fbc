"""Windows of images, on planes and on bytes."""
