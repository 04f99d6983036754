"""From what runs left to report.html: a run's, a sweep's, a comparison's and the lecture's."""
