//! What there is to be seen on the hosts.

use super::world::User;

pub(super) const ROOT: User =
    User { name: "root", home: "/root", user: r#""name":"root","id":0"#, group: r#""name":"root","id":0"# };

pub(super) const USERS: &[User] = &[
    ROOT,
    ROOT,
    User {
        name: "www-data",
        home: "/var/www",
        user: r#""name":"www-data","id":33"#,
        group: r#""name":"www-data","id":33"#,
    },
    User {
        name: "postgres",
        home: "/var/lib/postgresql",
        user: r#""name":"postgres","id":113"#,
        group: r#""name":"postgres","id":120"#,
    },
    User {
        name: "jenkins",
        home: "/var/lib/jenkins/workspace/nightly",
        user: r#""name":"jenkins","id":997"#,
        group: r#""name":"jenkins","id":996"#,
    },
    User { name: "mara", home: "/home/mara", user: r#""name":"mara","id":1000"#, group: r#""name":"staff","id":50"# },
    User {
        name: "svc-backup",
        home: "/srv/backup",
        user: r#""name":"svc-backup","id":1203"#,
        group: r#""name":"backup","id":34"#,
    },
];

/// Variant, family, version and kernel of a host.
pub(super) const SYSTEMS: &str = "\
Debian | debian | 12.10 | 6.1.0-31-cloud-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.128-1 (2025-02-07)
Debian | debian | 13.2 | 6.12.57+deb13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.12.57-1 (2025-11-05)
Ubuntu | debian | 24.04.3 | 6.8.0-87-generic #88-Ubuntu SMP PREEMPT_DYNAMIC Sat Oct 11 09:28:41 UTC 2025";

/// Parents of installs that occur first.
pub(super) const INSTALLERS: &str = "\
/usr/bin/bash
/usr/bin/sudo
/usr/bin/dash
/usr/bin/python3.11
/usr/bin/zsh
/usr/bin/make
/usr/bin/perl
/usr/bin/xargs
/usr/bin/env
/usr/sbin/chroot
/usr/lib/systemd/systemd
/usr/bin/gdebi
/opt/puppetlabs/puppet/bin/ruby
/opt/chef/embedded/bin/ruby
/usr/bin/salt-minion
/usr/sbin/cron";

/// Executable and arguments of session leaders.
pub(super) const SHELLS: &str = "\
/usr/bin/bash | -bash
/usr/bin/dash | sh | /usr/sbin/service-loop
/usr/bin/zsh | -zsh
/usr/lib/systemd/systemd | /sbin/init | splash
/usr/sbin/cron | /usr/sbin/cron | -f | -P
/usr/bin/containerd-shim-runc-v2 | containerd-shim-runc-v2 | -namespace | moby";

/// Executable and arguments of installs.
pub(super) const INSTALLS: &str = "\
/usr/bin/dpkg | dpkg | -i | node-exporter_1.8.{}-1_amd64.deb
/usr/bin/dpkg | dpkg | --install | /srv/drop/libfoo1_1.4.{}-1_amd64.deb
/usr/bin/dpkg | /usr/bin/dpkg | --force-confold | -i | /var/cache/rollout/{}/zabbix-agent2_7.0.6-1_amd64.deb
/usr/bin/dpkg | dpkg | --root=/srv/chroot/{} | --force-depends | -i | hello_2.10-3_amd64.deb";

/// Executable and arguments of all other processes.
pub(super) const PROGRAMS: &str = r#"/usr/bin/bash | bash | -c | test -d \"/srv/app {}\" && exec /srv/app/run --port={}
/usr/bin/bash | /bin/bash | /usr/local/bin/rotate-logs.sh | --keep | {}
/usr/bin/dash | sh | -c | run-parts --report /etc/cron.hourly
/usr/bin/grep | grep | -i | -rn | error=\"{}\" | /var/log/app
/usr/bin/sed | sed | -i | s/\\bport={}\\b/port={}/ | /etc/app/app.conf
/usr/bin/gawk | awk | -F: | $3 >= {} { print $1 \"\\t\" $7 } | /etc/passwd
/usr/bin/find | find | /var/tmp | -type | f | -mmin | +{} | -delete
/usr/bin/tar | tar | -czf | /srv/backup/home-{}.tar.gz | --exclude=.cache | /home
/usr/bin/rsync | rsync | -a | --delete | /srv/data/ | backup@10.4.0.{}:/srv/mirror/
/usr/bin/curl | curl | -fsS | -H | Accept: \"application/json\" | http://localhost:{}/health
/usr/bin/wget | wget | -q | -O | /tmp/list-{}.txt | https://mirror.example.org/list
/usr/bin/ssh | ssh | -o | BatchMode=yes | -p | 22 | deploy@app-{}.example.org | uptime
/usr/sbin/sshd | sshd: mara [priv]
/usr/bin/sudo | sudo | -u | postgres | psql | -c | select {}
/usr/bin/python3.11 | python3 | -m | worker.main | --queue | mail | --shard={}
/usr/bin/python3.11 | /usr/bin/python3 | /usr/bin/unattended-upgrade | --download-only
/usr/bin/perl | perl | -ne | print if m{^\\d+ \\w+ {}} | /var/log/mail.log
/usr/bin/node | node | --max-old-space-size={} | /srv/web/dist/server.js
/usr/lib/jvm/java-21-openjdk-amd64/bin/java | java | -Xmx{}m | -jar | /opt/search/lib/search.jar
/usr/lib/postgresql/16/bin/postgres | postgres: 16/main: app app 10.4.0.9({}) SELECT
/usr/sbin/nginx | nginx: worker process {}
/usr/sbin/php-fpm8.2 | php-fpm: pool www | {}
/usr/bin/redis-server | /usr/bin/redis-server 127.0.0.1:{}
/usr/bin/git | git | -c | gc.auto=0 | fetch | --prune | origin | refs/pull/{}/head
/usr/bin/make | make | -j{} | -C | /var/lib/jenkins/workspace/nightly | test
/usr/lib/gcc/x86_64-linux-gnu/12/cc1 | cc1 | -quiet | -O2 | src/unit_{}.c | -o | /tmp/cc{}.s
/usr/bin/x86_64-linux-gnu-ld.bfd | ld | -o | target/app-{} | -z | relro | -lc
/usr/bin/docker | docker | exec | web-{} | sh | -c | echo \"$PATH\"
/usr/bin/runc | runc | --root | /var/run/docker/runtime-runc/moby | start | {}
/usr/bin/kubectl | kubectl | get | pods | -o | jsonpath={.items[{}].metadata.name}
/usr/lib/systemd/systemd | /lib/systemd/systemd | --user | --deserialize={}
/usr/bin/systemctl | systemctl | is-active | app@{}.service
/usr/sbin/cron | /usr/sbin/CRON | -f | -P
/usr/bin/cat | cat | /proc/{}/status
/usr/bin/ls | ls | -i | --color=auto | /srv/release-{}
/usr/bin/sleep | sleep | {}
/usr/bin/id | id | -u
/usr/bin/openssl | openssl | s_client | -connect | mail.example.org:{} | -servername | mail.example.org
/usr/bin/smbclient | smbclient | \\\\fs01\\release | -c | get builds\\{}\\setup.exe
/opt/microsoft/powershell/7/pwsh | pwsh | -NoProfile | -File | C:\\jobs\\sync-{}.ps1
/opt/backup agent/bin/agent | /opt/backup agent/bin/agent | --profile | \"nightly {}\"
/usr/bin/apt-get | apt-get | -qq | update | -o | Acquire::Retries={}
/opt/Elastic/Endpoint/elastic-endpoint | /opt/Elastic/Endpoint/elastic-endpoint | run | {}"#;

/// Like `PROGRAMS`, but rare: a scanner has more work with a line that names
/// `dpkg` or holds a `\u` escape, and few lines do.
pub(super) const RARE_PROGRAMS: &str = r"/usr/bin/tail | tail | -n | {} | /srv/share/caf\u00e9/orders.log
/usr/bin/dpkg | /usr/bin/dpkg | --status-fd | {} | --configure | --pending
/usr/bin/dpkg-query | dpkg-query | -W | -f=${Version} | libssl3";

/// Paths of files.
pub(super) const FILES: &str = r"/var/log/app/worker-{}.log
/var/log/app/worker-{}.log.1.gz
/var/log/journal/{}/system@{}.journal
/var/lib/postgresql/16/main/base/16384/{}
/var/lib/postgresql/16/main/pg_wal/0000000100000{}
/var/lib/docker/containers/{}/config.v2.json
/var/lib/docker/overlay2/{}/diff/usr/share/zoneinfo/Europe/Vienna
/var/cache/nginx/proxy/{}/body
/var/tmp/sess_{}
/tmp/cc{}.s
/tmp/pip-unpack-{}/urllib3-2.2.{}-py3-none-any.whl
/srv/web/releases/{}/public/index.html
/srv/web/releases/{}/node_modules/lodash/package.json
/srv/backup/home-{}.tar.gz.part
/srv/mail/queue/active/{}
/home/mara/.cache/thumbnails/{}.png
/srv/share/caf\u00e9/menu-{}.pdf
/srv/share/DOMAIN\\mara/profile-{}.dat
/home/mara/projects/api/target/debug/deps/api-{}.rcgu.o
/var/lib/jenkins/workspace/nightly/build/report-{}.xml
/etc/app/conf.d/{}.conf
/etc/resolv.conf
/run/systemd/journal/streams/.#9:{}
/dev/shm/sem.{}
/var/lib/apt/lists/partial/deb.example.org_dists_stable_{}
/var/lib/dpkg/updates/{}
/var/spool/cron/crontabs/tmp.{}
/var/lib/prometheus/data/wal/{}
/opt/search/data/nodes/0/indices/{}/_state/state-{}.st
/usr/local/share/app/cache {}/index.db";
