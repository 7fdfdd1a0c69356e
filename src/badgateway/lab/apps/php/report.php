<?php
// Run by the scheduler: a report that keeps its database connection while it works.
mysqli_report(MYSQLI_REPORT_OFF);
$db = mysqli_connect('10.0.1.2', 'shop', 'shop-secret', 'wordpress');
if (!$db) { fwrite(STDERR, mysqli_connect_error() . "\n"); exit(1); }
$db->query('SELECT SLEEP(40)');
