"""Sound as arrays and files: canonical objects, inspection, decoding, pictures, exports with their recipe inside."""
