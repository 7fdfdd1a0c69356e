"""A WordPress site on disk, what its logs name, and the switch's traces in it."""

import json
import os

import pytest

from badgateway.cli.main import main
from badgateway.repair.wordpress.logs import named_by, part_of
from badgateway.repair.wordpress.site import Kind, SiteError, site_at, sites
from badgateway.repair.wordpress.switch import Switch, remove_leftovers

CONFIG = (
    "<?php\n{more}\nif ( ! defined( 'ABSPATH' ) ) define( 'ABSPATH', __DIR__ . '/' );\n"
    "require_once ABSPATH . 'wp-settings.php';\n"
)


@pytest.fixture
def root(tmp_path):
    """A small site."""
    root = tmp_path / "var" / "www" / "shop"
    (root / "wp-content" / "plugins" / "forms").mkdir(parents=True)
    (root / "wp-content" / "plugins" / "forms-pro").mkdir()
    (root / "wp-content" / "plugins" / "hello.php").write_text("<?php")
    (root / "wp-content" / "plugins" / "index.php").write_text("<?php")
    (root / "wp-content" / "themes" / "one").mkdir(parents=True)
    (root / "wp-content" / "object-cache.php").write_text("<?php")
    (root / "wp-load.php").write_text("<?php")
    (root / "wp-config.php").write_text(
        CONFIG.format(more="define('WP_HOME', 'https://shop.example');")
    )
    return root


def test_its_parts_are_found_without_asking_it(root):
    """Plugins in folders and files, the theme, must-use plugins and drop-ins."""
    (root / "wp-content" / "mu-plugins").mkdir()
    (root / "wp-content" / "mu-plugins" / "load.php").write_text("<?php")
    site = site_at(root)
    assert [part.key for part in site.parts()] == [
        "plugin:forms", "plugin:forms-pro", "plugin:hello.php", "theme:the active theme",
        "mu-plugin:load.php", "drop-in:object-cache.php",
    ]  # fmt: skip
    assert site.home == "https://shop.example"


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("define( 'WP_CONTENT_DIR', __DIR__ . '/app' );", "app"),
        ('define("WP_CONTENT_DIR", dirname(__FILE__) . "/app");', "app"),
        ("define('WP_CONTENT_DIR',ABSPATH.'app');", "app"),
    ],
)
def test_moved_folders_are_followed(root, line, folder):
    """As wp-config.php says where they are."""
    (root / "wp-content").rename(root / folder)
    (root / "wp-config.php").write_text(CONFIG.format(more=line))
    assert site_at(root).plugins == root / folder / "plugins"


def test_the_configuration_may_lie_one_folder_up(root):
    """As wp-load.php looks for it."""
    (root / "wp-config.php").rename(root.parent / "wp-config.php")
    assert site_at(root).config == root.parent / "wp-config.php"


def test_a_folder_without_wordpress_is_refused(tmp_path):
    """The message says what would be right."""
    with pytest.raises(SiteError, match="--root"):
        site_at(tmp_path)


def test_sites_are_found_where_sites_lie(root, tmp_path):
    """Below the usual folders."""
    assert [site.root for site in sites((str(tmp_path / "var" / "www"),))] == [root]


def test_a_file_names_its_part_and_no_part_with_a_similar_name(root):
    """`forms-pro` is not `forms`."""
    known = site_at(root).parts()
    plugins = root / "wp-content" / "plugins"
    assert part_of(f"{plugins}/forms-pro/a.php", known).name == "forms-pro"
    assert part_of(f"{plugins}/forms/a.php:3", known).name == "forms"
    assert part_of(f"{plugins}/formsx/a.php", known) is None
    assert part_of(f"{root}/wp-content/themes/one/functions.php", known).kind is Kind.THEME
    assert part_of("/elsewhere/forms/a.php", known) is None


def test_error_and_slow_logs_name_parts(root):
    """A fatal error by its file, a slow request by the function it was in."""
    plugins = root / "wp-content" / "plugins"
    errors, slow = root / "debug.log", root / "slow.log"
    errors.write_text(
        "[24-Nov-2026 09:00:00 UTC] PHP Warning:  nothing in /x.php on line 1\n"
        f"[24-Nov-2026 09:00:01 UTC] PHP Fatal error:  Uncaught Error: Call to undefined function"
        f" a() in {plugins}/forms-pro/a.php:12\n"
    )
    slow.write_text(
        "\n[24-Nov-2026 09:00:02]  [pool www] pid 7\nscript_filename = /srv/index.php\n"
        f"[0x00007f1] sleep() {plugins}/hello.php:9\n"
    )
    named = named_by([errors, slow], site_at(root).parts())
    assert {each.part.name for each in named} == {"forms-pro", "hello.php"}


def test_the_part_that_was_named_last_comes_first(root):
    """However often and early another was named."""
    plugins = root / "wp-content" / "plugins"
    log = root / "debug.log"
    log.write_text(
        "".join(
            f"[24-Nov-2026 09:00:0{second} UTC] PHP Fatal error:  {what} in {plugins}/{name}:12\n"
            for second, what, name in (
                (1, "Uncaught Error: Call to undefined function a()", "forms-pro/a.php"),
                (2, "Uncaught Error: Call to undefined function b()", "hello.php"),
                (3, "Allowed memory size of 1048576 bytes exhausted", "forms-pro/b.php"),
            )
        )
    )
    named = named_by([log], site_at(root).parts())
    assert [each.part.name for each in named] == ["forms-pro", "hello.php"]


def test_the_switch_leaves_every_byte_as_it_was(root):
    """Also the folder that was made for it, and the line in wp-config.php."""
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    site = site_at(root)
    with Switch(site, site.parts()) as switch:
        switch.reach_early()
        lines = site.config.read_text().splitlines()
        assert lines[-1].endswith("'wp-settings.php';")
        assert "badgateway switch" in lines[-2]
        assert (root / "wp-content" / "mu-plugins").is_dir()
    assert not (root / "wp-content" / "mu-plugins").exists()
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_leftovers_of_a_dead_process_are_taken_away(root):
    """The number of another process that lives now does not protect them."""
    site = site_at(root)
    (root / "wp-content" / "mu-plugins").mkdir()
    file = root / "wp-content" / "mu-plugins" / "!badgateway-00.php"
    state = json.dumps({"pid": os.getppid(), "started": 1.0, "made": True})
    file.write_text(f"<?php\n/* badgateway-state: {state} */")
    assert remove_leftovers(site) == [file]
    assert not file.parent.exists()


def test_a_configuration_of_another_kind_is_left_alone(root):
    """Where no line loads wp-settings.php nothing is put in."""
    (root / "wp-config.php").write_text("<?php require 'elsewhere.php';")
    site = site_at(root)
    with Switch(site, site.parts()) as switch, pytest.raises(SiteError, match="wp-settings"):
        switch.reach_early()
    assert site.config.read_text() == "<?php require 'elsewhere.php';"


def test_what_is_left_out_stands_in_the_header_as_bits(root):
    """One bit for each part, four in a digit, the first part lowest."""
    site = site_at(root)
    parts = site.parts()
    header = Switch(site, parts).header([parts[0], parts[4]])
    assert header[1].partition(".")[2] == "11"
    assert len(header[1].partition(".")[0]) == 48


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--root", "/nowhere"], "--root wants the folder"),
        (["--root", "{root}", "--url", "ftp://x"], "no web address"),
        (["--root", "{root}", "--log", "/nowhere/log"], "No such file"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(root, words, says, capsys):
    """Exit status 2, and nothing is touched."""
    assert main(["wordpress", *(word.format(root=root) for word in words)]) == 2
    assert says in capsys.readouterr().err


def test_a_dry_run_shows_and_does_nothing(root, capsys):
    """What would be changed, for how long, and how to do it."""
    assert main(["wordpress", "--root", str(root), "--dry-run"]) == 2
    shown = capsys.readouterr().err
    assert "Visitors see no difference" in shown
    assert "--yes" in shown
    assert not (root / "wp-content" / "mu-plugins").exists()
