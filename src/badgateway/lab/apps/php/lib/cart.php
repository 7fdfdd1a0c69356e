<?php
// The shopping cart.
function cart_total(float $net): float { return round($net * 1.2, 2); }
