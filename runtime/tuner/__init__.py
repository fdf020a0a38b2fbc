"""The tuner: schedules and strategies searched by measurement, in processes that may die."""
