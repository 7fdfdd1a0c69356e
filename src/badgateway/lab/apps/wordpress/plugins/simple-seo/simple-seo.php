<?php
/* Plugin Name: Simple SEO
 * Description: Adds a description to every page.
 * Version: 0.9 */
add_action('wp_head', function () {
    echo '<meta name="description" content="', esc_attr(get_bloginfo('name')), '">', "\n";
});
