"""Pages, answers and HAR files."""
