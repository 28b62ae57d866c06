"""What lasts: the data home's folders, objects by hash, and the rows of jobs, events and recipes."""
