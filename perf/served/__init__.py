"""The served code and networks in this process: what measurements look at is what runs."""
