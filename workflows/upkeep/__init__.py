"""Workflows that keep the house: started by schedules, they tell no story and spend nothing."""
