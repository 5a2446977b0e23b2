//! The format files that ship, as text. A test checks that the table and `assets/formats` agree.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// File names and contents.
        pub(crate) const FILES: &[(&str, &str)] = &[
            $((concat!($name, ".toml"), include_str!(concat!("../../../../assets/formats/", $name, ".toml"))),)+
        ];
    };
}

files! {
    "access",
    "apache-error",
    "bracketed",
    "cloudflared",
    "cri",
    "dmesg",
    "docker-json",
    "dotnet",
    "envoy",
    "go",
    "haproxy",
    "journal-json",
    "json",
    "klog",
    "leveled",
    "log4j",
    "logcat",
    "logfmt",
    "mysql",
    "nginx-error",
    "php",
    "plain",
    "postgres",
    "python-spaced",
    "python",
    "rails",
    "redis",
    "rfc5424",
    "stamped",
    "syslog",
    "tracing",
    "zap",
}
