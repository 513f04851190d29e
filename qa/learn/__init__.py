"""Training, evaluation and the report card of the classifier."""
