// SPDX-License-Identifier: GPL-2.0
/*
 * The first process of a guest of make check-arch, where there is no busybox for
 * the architecture: it runs each program of /tests/list and says what lab/guest/tests
 * says, on the virtio port that is called "results" or else on the console. It is also
 * /bin/true, which tests execute.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS	120	/* for one program */

static int out = 2;

static void write_all(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(out, text, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
}

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	char line[1024];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	write_all(line, len < (int)sizeof(line) ? len : (int)sizeof(line) - 1);
}

static void mount_all(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
		{ "tmpfs", "/tmp" }, { "debugfs", "/sys/kernel/debug" },
	};
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0,
			  NULL))
			say("| cannot mount %s: %s\n", mounts[i].where,
			    strerror(errno));
	}
	mkdir("/dev/shm", 0777);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
}

/* The port's number is what the machine makes it; its name is ours. */
static void open_results(void)
{
	char path[300], name[32];
	struct dirent *d;
	ssize_t len;
	DIR *ports = opendir("/sys/class/virtio-ports");
	int fd;

	while (ports && (d = readdir(ports))) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
			 d->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		len = read(fd, name, sizeof(name) - 1);
		close(fd);
		if (len < 7 || strncmp(name, "results", 7))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", d->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			out = fd;
		break;
	}
	if (ports)
		closedir(ports);
}

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* What it printed, each line after "| ". */
static void show_output(int fd)
{
	char buf[4096], line[2048] = "| ";
	size_t used = 2;
	ssize_t n, i;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++) {
			if (buf[i] != '\n' && used < sizeof(line) - 1) {
				line[used++] = buf[i];
				continue;
			}
			line[used++] = '\n';
			write_all(line, used);
			used = 2;
		}
	}
	if (used > 2) {
		line[used++] = '\n';
		write_all(line, used);
	}
}

static void run_program(char *target, char *args)
{
	char *argv[32], dir[300], *word;
	int status = 0, argc = 0, fd;
	long start = now(), took;
	pid_t pid;

	say("@test %s/%s\n", target, args);
	for (word = strtok(args, " "); word && argc < 31;
	     word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (!argc)
		return;
	snprintf(dir, sizeof(dir), "/tests/%s", target);
	fd = open("/tmp/out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		say("@exit 126 0\n");
		return;
	}
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		dup2(null, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		setsid();
		if (chdir(dir))
			_exit(127);
		execv(argv[0], argv);
		_exit(127);
	}
	/* Orphans come here, too. */
	for (;;) {
		pid_t ended = waitpid(-1, &status, WNOHANG);

		if (ended == pid)
			break;
		if (ended > 0)
			continue;
		if (now() - start >= SECONDS) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			break;
		}
		usleep(10000);
	}
	took = now() - start;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	show_output(fd);
	close(fd);
	if (took >= SECONDS)
		say("@exit timeout %ld\n", took);
	else if (WIFSIGNALED(status))
		say("@exit %d %ld\n", 128 + WTERMSIG(status), took);
	else
		say("@exit %d %ld\n", WEXITSTATUS(status), took);
}

int main(void)
{
	struct utsname name;
	char line[512], *args;
	FILE *list;

	if (getpid() != 1)
		return 0;
	mount_all();
	open_results();
	uname(&name);
	say("@begin arch\n");
	say("@kernel %s %s %s\n", name.release, name.machine, name.version);
	list = fopen("/tests/list", "re");
	while (list && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = 0;
		args = strchr(line, ' ');
		if (!args)
			continue;
		*args++ = 0;
		run_program(line, args);
	}
	say("@end %d\n", !list);
	/* What is on its way to the host has to get there. */
	if (out != 2)
		fsync(out);
	sleep(1);
	sync();
	reboot(RB_POWER_OFF);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}
