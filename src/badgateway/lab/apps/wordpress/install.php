<?php
// Install WordPress without a browser: install.php SITE THEME PLUGIN…
[$site, $theme] = [$argv[1], $argv[2]];
$_SERVER += ['HTTP_HOST' => 'wp.example.com', 'REQUEST_URI' => '/', 'SERVER_PROTOCOL' => 'HTTP/1.1'];
define('WP_INSTALLING', true);
require "$site/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
// The gateway is not up yet: asking for the site's own pages would only wait.
add_filter('pre_http_request', fn () => new WP_Error('install', 'no network yet'));
// Nobody must be told by mail.
function wp_new_blog_notification($title, $url, $user, $password) {}
wp_install('Lab shop', 'admin', 'admin@example.com', true, '', 'lab-password');
switch_theme($theme);
$plugins = array_map(fn ($name) => "$name/$name.php", array_slice($argv, 3));
update_option('active_plugins', $plugins);
for ($n = 1; $n <= 5; $n++) {
    wp_insert_post(['post_title' => "Offer $n", 'post_status' => 'publish',
        'post_content' => str_repeat('Very good and not expensive. ', 40)]);
}
