<?php
/*
 * Plugin Name: badgateway switch (temporary)
 * Description: Finds the part of this site that breaks it. Acts only on requests that carry a secret.
 *              It removes itself; it may also simply be deleted.
 * badgateway-state: @STATE@
 */
if (time() > @EXPIRES@) {
    @unlink(__FILE__);
    return;
}
if (!isset($_SERVER['HTTP_X_BADGATEWAY_SWITCH'])) {
    return;
}

if (!class_exists('Badgateway_Files', false)) {
    /** Files as they are, but for those that are left out: they read as empty PHP. */
    final class Badgateway_Files
    {
        public $context;
        private $handle;
        public static $off = array();

        public static function on()
        {
            stream_wrapper_unregister('file');
            stream_wrapper_register('file', __CLASS__);
        }

        private static function real($what)
        {
            stream_wrapper_restore('file');
            try {
                return $what();
            } finally {
                self::on();
            }
        }

        public function stream_open($path, $mode, $options, &$opened)
        {
            $plain = strpos($path, 'file://') === 0 ? substr($path, 7) : $path;
            $left = $mode[0] === 'r' && isset(self::$off[(string) realpath($plain)]);
            $this->handle = self::real(function () use ($path, $mode, $options, $left) {
                if ($left) {
                    $empty = fopen('php://memory', 'r+');
                    fwrite($empty, "<?php\n");
                    rewind($empty);
                    return $empty;
                }
                $search = (bool) ($options & STREAM_USE_PATH);
                return $options & STREAM_REPORT_ERRORS ? fopen($path, $mode, $search) : @fopen($path, $mode, $search);
            });
            return (bool) $this->handle;
        }

        public function stream_close() { return fclose($this->handle); }
        public function stream_eof() { return feof($this->handle); }
        public function stream_flush() { return fflush($this->handle); }
        public function stream_read($count) { return fread($this->handle, $count); }
        public function stream_write($data) { return fwrite($this->handle, $data); }
        public function stream_seek($to, $how = SEEK_SET) { return fseek($this->handle, $to, $how) === 0; }
        public function stream_tell() { return ftell($this->handle); }
        public function stream_stat() { return fstat($this->handle); }
        public function stream_truncate($size) { return ftruncate($this->handle, $size); }
        public function stream_cast($as) { return $this->handle; }
        public function stream_lock($how) { return in_array($how, array(LOCK_SH, LOCK_EX, LOCK_UN, LOCK_SH | LOCK_NB, LOCK_EX | LOCK_NB), true) ? flock($this->handle, $how) : true; }

        public function stream_set_option($option, $one, $two)
        {
            if ($option === STREAM_OPTION_BLOCKING) {
                return stream_set_blocking($this->handle, (bool) $one);
            }
            if ($option === STREAM_OPTION_READ_TIMEOUT) {
                return stream_set_timeout($this->handle, $one, $two);
            }
            return false;
        }

        public function stream_metadata($path, $option, $value)
        {
            return self::real(function () use ($path, $option, $value) {
                if ($option === STREAM_META_TOUCH) {
                    return $value ? touch($path, $value[0], $value[1]) : touch($path);
                }
                if ($option === STREAM_META_ACCESS) {
                    return chmod($path, $value);
                }
                if ($option === STREAM_META_OWNER || $option === STREAM_META_OWNER_NAME) {
                    return chown($path, $value);
                }
                return chgrp($path, $value);
            });
        }

        public function url_stat($path, $flags)
        {
            return self::real(function () use ($path, $flags) {
                return $flags & STREAM_URL_STAT_LINK ? @lstat($path) : @stat($path);
            });
        }

        public function unlink($path) { return self::real(function () use ($path) { return unlink($path); }); }
        public function rename($from, $to) { return self::real(function () use ($from, $to) { return rename($from, $to); }); }
        public function rmdir($path, $options) { return self::real(function () use ($path) { return rmdir($path); }); }

        public function mkdir($path, $mode, $options)
        {
            return self::real(function () use ($path, $mode, $options) {
                return mkdir($path, $mode, (bool) ($options & STREAM_MKDIR_RECURSIVE));
            });
        }

        public function dir_opendir($path, $options)
        {
            $this->handle = self::real(function () use ($path) { return @opendir($path); });
            return (bool) $this->handle;
        }

        public function dir_readdir() { return readdir($this->handle); }
        public function dir_rewinddir() { rewinddir($this->handle); return true; }
        public function dir_closedir() { closedir($this->handle); return true; }
    }
}

(static function () {
    // Everything that came from names is data: JSON in base64, never code.
    $told = json_decode(base64_decode('@DATA@'), true);
    $sent = explode('.', $_SERVER['HTTP_X_BADGATEWAY_SWITCH'], 2);
    if (!hash_equals($told['hash'], hash('sha256', $sent[0])) || !isset($sent[1])) {
        return;
    }
    header('X-Badgateway-Switch: on');
    header('Cache-Control: no-store, private');
    foreach (array('DONOTCACHEPAGE', 'DONOTCACHEDB', 'DONOTCACHEOBJECT') as $word) {
        defined($word) || define($word, true);
    }

    $off = array('plugin' => array(), 'theme' => array(), 'file' => array());
    foreach ($told['parts'] as $place => $part) {
        $digit = $place >> 2;
        if (isset($sent[1][$digit]) && (hexdec($sent[1][$digit]) >> ($place & 3)) & 1) {
            $off[$part[0]][$part[1]] = true;
        }
    }
    if ($off['file']) {
        // What is compiled already would be run without being read.
        @ini_set('opcache.enable', '0');
        Badgateway_Files::$off = $off['file'];
        Badgateway_Files::on();
    }

    $hook = static function ($name, $act) {
        if (function_exists('add_filter')) {
            add_filter($name, $act, PHP_INT_MAX, 3);
        } else {
            // Before WordPress is loaded: it takes such hooks over (wp-includes/plugin.php).
            $GLOBALS['wp_filter'][$name][PHP_INT_MAX][] = array('function' => $act, 'accepted_args' => 3);
        }
    };
    $seen = array();
    $left = static function ($entry) use ($off) {
        $first = explode('/', (string) $entry, 2);
        return isset($off['plugin'][$first[0]]);
    };
    $hook('option_active_plugins', static function ($list) use ($left, &$seen) {
        if (!is_array($list)) {
            return $list;
        }
        $seen['plugins'] = array_values($list);
        return array_values(array_filter($list, static function ($entry) use ($left) { return !$left($entry); }));
    });
    $hook('site_option_active_sitewide_plugins', static function ($map) use ($left, &$seen) {
        if (!is_array($map)) {
            return $map;
        }
        $seen['network'] = array_keys($map);
        foreach (array_keys($map) as $entry) {
            if ($left($entry)) {
                unset($map[$entry]);
            }
        }
        return $map;
    });
    // A plugin that writes the list back must not make our view of it everybody's.
    $keep = static function ($value, $old) { return $old; };
    foreach (array('option_active_plugins', 'site_option_active_sitewide_plugins', 'option_template', 'option_stylesheet') as $name) {
        $hook("pre_update_$name", $keep);
    }
    foreach (array('option_template', 'option_stylesheet') as $name) {
        $hook($name, static function ($theme) use ($off, $name, &$seen) {
            $seen[$name] = $theme;
            return $off['theme'] ? 'badgateway-no-theme' : $theme;
        });
    }

    register_shutdown_function(static function () use ($told, &$seen) {
        $last = error_get_last();
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
        if ($last && $last['type'] & $fatal) {
            $seen['fatal'] = array('file' => $last['file'], 'line' => $last['line'], 'message' => substr($last['message'], 0, 2000));
        }
        $json = json_encode($seen, JSON_PARTIAL_OUTPUT_ON_ERROR);
        if (headers_sent() || strlen($json) > 3000) {
            echo "\n<!--badgateway:", $told['mark'], ':', base64_encode($json), '-->';
        } else {
            header('X-Badgateway-Seen: ' . base64_encode($json));
        }
    });
})();
