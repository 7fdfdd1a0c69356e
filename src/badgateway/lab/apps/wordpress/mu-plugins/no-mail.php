<?php
/* Plugin Name: No mail
 * Description: The lab has no mail server. */
add_filter('pre_wp_mail', '__return_true');
