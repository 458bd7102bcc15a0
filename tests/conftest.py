"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A loaded machine must not fail a test: hypothesis's clocks are no property of ours.
settings.register_profile("chakka", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("chakka")
