"""The reader of a profile, by its family."""

from badgateway.browser.chromium import ChromiumProfile
from badgateway.browser.firefox import FirefoxProfile
from badgateway.browser.profile import Family, Profile, ProfileReader


def reader_of(profile: Profile) -> ProfileReader:
    """What can be asked of a profile."""
    if profile.family is Family.FIREFOX:
        return FirefoxProfile(profile)
    return ChromiumProfile(profile)
