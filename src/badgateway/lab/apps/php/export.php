<?php
// Exports all orders for the accounts department; takes long, and longer the more there are.
sleep((int) (getenv('LAB_EXPORT_SECONDS') ?: 40));
echo "exported\n";
