<?php
// A small PHP shop. The setting `mode` (an environment variable of the pool) breaks its home page.
require_once __DIR__ . '/lib/cart.php';
$mode = getenv('LAB_MODE') ?: '';
if (($_SERVER['REQUEST_URI'] ?? '/') === '/health.php') { $mode = ''; }
switch ($mode) {
    case 'fatal':
        cart_total_with_tax(12.0);   // a function that an update removed
    case 'exception':
        throw new RuntimeException('price list not found');
    case 'extension':
        $image = new Imagick('logo.png'); break;   // an extension that was not installed
    case 'memory':
        $all = []; while (true) { $all[] = str_repeat('x', 1 << 20); }
    case 'time':
        while (true) { $x = sqrt(rand()); }
    case 'sleep':
        sleep(30); break;
    case 'segv':
        posix_kill(posix_getpid(), 11); sleep(1); break;
    case 'killed':
        posix_kill(posix_getpid(), 9); sleep(1); break;
    case 'big-header':
        header('X-Debug: ' . str_repeat('d', 40000)); break;
    case 'cookies':
        for ($i = 0; $i < 60; $i++) { setcookie("basket$i", str_repeat('c', 400)); } break;
    case 'database':
        mysqli_report(MYSQLI_REPORT_OFF);
        $db = mysqli_connect('10.0.1.2', 'shop', 'shop-secret', 'wordpress');
        if (!$db) { http_response_code(503); die('<h1>Service Unavailable</h1>' . mysqli_connect_error()); }
        $db->query('SELECT * FROM orders FOR UPDATE'); break;
    case 'library':
        // A library that is a package of the system's.
        require_once getenv('LAB_PACKAGES') . '/usr/share/php/Tax/autoload.php';
        tax_of(12.0); break;
    case 'http':
        // A payment service on a socket that accepts and never answers.
        file_get_contents('http://10.0.0.2:8108/'); break;
}
header('Content-Type: text/html; charset=utf-8');
echo "<!doctype html><title>Shop</title><h1>Shop</h1><p>", str_repeat('Goods. ', 60), "</p>\n";
