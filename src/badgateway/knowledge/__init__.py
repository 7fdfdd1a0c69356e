"""What we know, as data, and the code that loads and proves it.

Law of this folder: knowledge lives in TOML files, one per unit, each with samples that must and
must not match and the source of what it says. A file that does not prove itself is refused at
load with its name and line. No I/O but reading those files.
"""
