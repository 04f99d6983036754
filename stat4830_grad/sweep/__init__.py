"""Many runs as few tensor programs: jobs, the batches they form, and the table they leave."""
