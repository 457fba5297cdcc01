"""What models are measured with: real speech and pictures out of ordinary packages, and the measures."""
