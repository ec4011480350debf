/*
 * Turns the relay's line off without Node.js.
 *
 *   relay-off watch LEVEL DESCRIPTOR
 *   relay-off watch LEVEL EXPORT NUMBER LINE_FOLDER
 *       The watcher of the guardian, which holds the other end of this program's stdin. When that ends, the line is
 *       turned off at once and again every 50 ms until the loop has ended; a loop that still runs after five
 *       seconds is killed. When the loop has ended and the guardian does not act, for instance because it is
 *       stopped, the line is turned off too. On stdin: "loop PID START", "loop" (there is none) and "done".
 *       The line is the descriptor of a line request of the character device, or files of sysfs.
 *
 *   relay-off LABELS LINE LEVEL
 *       For the service manager, when no process of the firmware is left. LABELS of the GPIO chip, with commas
 *       between; LINE as the SoC numbers it; LEVEL, 0 or 1, is the off level. Exit code 0: the line was read back
 *       off; 75: another grove-heater holds it, nothing was touched; 69: it could not be turned off, with the
 *       cause on stderr.
 *
 * Guarantee: nothing but system calls of libc, no memory is allocated, every wait is bounded.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* After sysexits(3), as process/exit-codes.ts has them. */
enum { OK = 0, USAGE = 64, UNAVAILABLE = 69, RUNNING = 75 };

/* The holder's name on the line, the same as in chardev/line.ts. */
#define CONSUMER "grove-heater relay"

/* Characters that a lock file's name keeps; others become '_'. */
#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

/* Either a line request, or the files of sysfs. */
struct line {
	int level;		/* of "off" */
	int request;		/* -1: none */
	const char *export;
	const char *number;
	char folder[256];
};

static void pause_ms(long ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

static int write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	int error = 0;

	if (file < 0)
		return errno;
	if (write(file, text, strlen(text)) < 0)
		error = errno;
	close(file);
	return error;
}

/* Without the line's end. Returns the length or -1. */
static int read_text(const char *path, char *text, int size)
{
	int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int length;

	if (file < 0)
		return -1;
	length = read(file, text, size - 1);
	close(file);
	if (length < 0)
		return -1;
	while (length > 0 && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return length;
}

static int write_line_file(const struct line *line, const char *name, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", line->folder, name);
	return write_text(path, text);
}

/* Writing "high" or "low" sets direction and level together; it is the electrical level, whatever active_low is. */
static int off_by_files(const struct line *line)
{
	char value[300];
	int error;

	snprintf(value, sizeof(value), "%s/value", line->folder);
	if (access(value, F_OK) != 0)
		write_text(line->export, line->number);
	write_line_file(line, "active_low", "0");
	write_line_file(line, "value", line->level ? "1" : "0");
	error = write_line_file(line, "direction", line->level ? "high" : "low");
	/* The kernel may have fixed the direction: then only the value can be written. */
	return error == EPERM ? write_line_file(line, "value", line->level ? "1" : "0") : error;
}

static int off_by_request(const struct line *line)
{
	struct gpio_v2_line_values values = { .bits = line->level, .mask = 1 };
	struct gpio_v2_line_config config = {
		.flags = GPIO_V2_LINE_FLAG_OUTPUT,
		.num_attrs = 1,
		.attrs[0] = { .attr = { .id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, .values = line->level }, .mask = 1 },
	};

	if (ioctl(line->request, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) == 0)
		return 0;
	return ioctl(line->request, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config) == 0 ? 0 : errno;
}

static int turn_off(const struct line *line)
{
	return line->request >= 0 ? off_by_request(line) : off_by_files(line);
}

/* ---- the watcher ---- */

static struct {
	int pid;		/* 0: none */
	char start[32];		/* proc(5), stat field 22: with the number it is one process and no other */
	int handle;		/* becomes readable when it ends; -1: none */
} loop = { .handle = -1 };

static bool loop_runs(void)
{
	char path[40], text[1024], *field;
	int i;

	if (loop.pid == 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", loop.pid);
	if (read_text(path, text, sizeof(text)) < 0)
		return false;
	field = strrchr(text, ')');
	if (field == NULL || field[1] == '\0' || field[2] == 'Z' || field[2] == 'X')
		return false;
	for (i = 2; i < 22 && field != NULL; i++)
		field = strchr(field + 1, ' ');
	return field != NULL && strncmp(field + 1, loop.start, strlen(loop.start)) == 0 &&
	       field[1 + strlen(loop.start)] == ' ';
}

static void set_loop(const char *words)
{
	if (loop.handle >= 0)
		close(loop.handle);
	loop.handle = -1;
	loop.pid = 0;
	if (sscanf(words, "%d %31s", &loop.pid, loop.start) != 2 || loop.pid <= 1) {
		loop.pid = 0;
		return;
	}
	/* By the number of the system call, since an older libc has no wrapper; kernels before 5.3 do not support it. */
#ifdef SYS_pidfd_open
	loop.handle = syscall(SYS_pidfd_open, loop.pid, 0);
#endif
}

/* Returns true for "done". */
static bool run_command(const char *message)
{
	if (strcmp(message, "done") == 0)
		return true;
	if (strncmp(message, "loop", 4) == 0)
		set_loop(message + 4);
	return false;
}

/* Reads and runs the commands on stdin. Returns 1 for "done", 0 to continue, -1 when the guardian has ended. */
static int read_commands(void)
{
	static char line[128];
	static size_t length;
	char bytes[128];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (count < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	if (count == 0)
		return -1;
	for (ssize_t i = 0; i < count; i++) {
		if (bytes[i] != '\n') {
			if (length < sizeof(line) - 1)
				line[length++] = bytes[i];
			continue;
		}
		line[length] = '\0';
		length = 0;
		if (run_command(line))
			return 1;
	}
	return 0;
}

/* The guardian forces the line off itself and logs it, so it gets this time to act first. */
#define GUARDIAN_FIRST_MS 500
/* Kernels before 5.3 do not report the loop's end, so it is checked at this interval. */
#define CHECK_EVERY_MS 1000

static int longest_wait(bool ended)
{
	if (ended)
		return GUARDIAN_FIRST_MS;
	return loop.pid != 0 && loop.handle < 0 ? CHECK_EVERY_MS : -1;
}

/* Returns true for "done", false when the guardian has ended. */
static bool wait_for_end(const struct line *line)
{
	for (;;) {
		/* It may have ended before this program received its number. */
		bool ended = loop.pid != 0 && !loop_runs();
		struct pollfd files[] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = ended ? -1 : loop.handle, .events = POLLIN },
		};
		int ready = poll(files, 2, longest_wait(ended));
		int command;

		if (ready == 0 && ended) {
			/* The guardian has sent nothing since then. */
			turn_off(line);
			set_loop("");
		} else if (ready > 0 && files[0].revents != 0) {
			command = read_commands();
			if (command != 0)
				return command > 0;
		}
	}
}

static int watch(const struct line *line)
{
	int signal_number, round;

	for (signal_number = 1; signal_number <= 64; signal_number++)
		signal(signal_number, SIG_IGN);
	if (wait_for_end(line))
		return OK;
	turn_off(line);
	for (round = 0; round < 100 && loop_runs(); round++) {
		pause_ms(50);
		turn_off(line);
	}
	if (loop_runs())
		kill(loop.pid, SIGKILL);
	for (round = 0; round < 3; round++) {
		pause_ms(50);
		turn_off(line);
	}
	return OK;
}

/* ---- once, for the service manager ---- */

static bool is_wanted(const char *label, const char *labels)
{
	size_t length = strlen(label);

	for (const char *at = labels; length > 0 && (at = strstr(at, label)) != NULL; at += length) {
		bool begins = at == labels || at[-1] == ',';

		if (begins && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "relay-off: %s: %s\n", what, why);
	return UNAVAILABLE;
}

/*
 * Whether a running firmware holds the lock of guardian/hardware-lock.ts; a firmware that was just killed releases it
 * soon. Once taken, the lock is kept until this program ends.
 */
static bool held_by_firmware(const char *label, int offset)
{
	static int file = -1;
	char name[64], path[128];
	size_t i;

	if (file >= 0)
		return false;
	for (i = 0; label[i] != '\0' && i < sizeof(name) - 1; i++)
		name[i] = strchr(PLAIN, label[i]) != NULL ? label[i] : '_';
	name[i] = '\0';
	snprintf(path, sizeof(path), "/run/lock/grove-heater.%s.%d.lock", name, offset);
	file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	for (int tries = 0; file >= 0 && flock(file, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK)
			return false;
		if (tries == 20)
			return true;
		pause_ms(50);
	}
	return false;
}

/* Calls `found` for each entry of a folder that begins with "gpiochip", until it returns anything but -1. */
static int each_chip(const char *folder, int (*found)(const char *path, char **words), char **words)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	char path[300];
	int result = -1;

	while (entries != NULL && result < 0 && (entry = readdir(entries)) != NULL) {
		if (strncmp(entry->d_name, "gpiochip", 8) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		result = found(path, words);
	}
	if (entries != NULL)
		closedir(entries);
	return result;
}

/* `chip`: path of a chip in sysfs. Returns -1 when its label is not a wanted one. */
static int off_in_sysfs(const char *chip, char **words)
{
	struct line line = { .level = atoi(words[2]), .request = -1, .export = "/sys/class/gpio/export" };
	char path[320], label[64], text[16], number[16];
	int error = EACCES;

	snprintf(path, sizeof(path), "%s/label", chip);
	if (read_text(path, label, sizeof(label)) < 0 || !is_wanted(label, words[0]))
		return -1;
	snprintf(path, sizeof(path), "%s/base", chip);
	if (read_text(path, text, sizeof(text)) < 0)
		return -1;
	if (held_by_firmware(label, atoi(words[1])))
		return RUNNING;
	snprintf(number, sizeof(number), "%d", atoi(text) + atoi(words[1]));
	line.number = number;
	snprintf(line.folder, sizeof(line.folder), "/sys/class/gpio/gpio%s", number);
	/* After an export, udev gives the files to the group a moment later. */
	for (int tries = 0; tries < 40 && error != 0; tries++) {
		error = turn_off(&line);
		if (error != EACCES && error != ENOENT)
			break;
		if (error != 0)
			pause_ms(5);
	}
	if (error != 0)
		return access(line.folder, F_OK) == 0 ? fail(line.folder, strerror(error)) : -1;
	snprintf(path, sizeof(path), "%s/value", line.folder);
	if (read_text(path, text, sizeof(text)) < 0)
		return fail(path, strerror(errno));
	return atoi(text) == line.level ? OK : fail(line.folder, "still reads on");
}

/* `device`: path of a character device. Returns -1 when it is not a chip with a wanted label. */
static int off_by_device(const char *device, char **words)
{
	struct gpio_v2_line_request request = {
		.offsets = { atoi(words[1]) },
		.num_lines = 1,
		.consumer = CONSUMER,
		.config = {
			.flags = GPIO_V2_LINE_FLAG_OUTPUT,
			.num_attrs = 1,
			.attrs[0] = {
				.attr = { .id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, .values = atoi(words[2]) },
				.mask = 1,
			},
		},
	};
	struct gpio_v2_line_info info = { .offset = atoi(words[1]) };
	struct gpio_v2_line_values values = { .mask = 1 };
	struct gpiochip_info chip;
	int file = open(device, O_RDWR | O_CLOEXEC);

	if (file < 0 || ioctl(file, GPIO_GET_CHIPINFO_IOCTL, &chip) < 0) {
		if (file >= 0)
			close(file);
		return -1;
	}
	if (!is_wanted(chip.label, words[0])) {
		close(file);
		return -1;
	}
	if (held_by_firmware(chip.label, info.offset))
		return RUNNING;
	if (ioctl(file, GPIO_V2_GET_LINE_IOCTL, &request) < 0) {
		int error = errno;

		if (error == EBUSY && ioctl(file, GPIO_V2_GET_LINEINFO_IOCTL, &info) == 0) {
			if (strcmp(info.consumer, CONSUMER) == 0)
				return RUNNING;
			return fail("the line is held by", info.consumer);
		}
		return fail(device, strerror(error));
	}
	if (ioctl(request.fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0)
		return fail(device, strerror(errno));
	return (int)(values.bits & 1) == atoi(words[2]) ? OK : fail(device, "the line still reads on");
}

/* sysfs first: a line that is exported there cannot be requested elsewhere. */
static int off_once(char **words)
{
	int result = each_chip("/sys/class/gpio", off_in_sysfs, words);

	if (result < 0)
		result = each_chip("/dev", off_by_device, words);
	if (result < 0)
		return fail(words[0], "no GPIO chip with this label can be used");
	if (result == RUNNING)
		fprintf(stderr, "relay-off: another grove-heater holds the relay\n");
	return result;
}

static bool is_level(const char *word)
{
	return strcmp(word, "0") == 0 || strcmp(word, "1") == 0;
}

int main(int count, char **words)
{
	struct line line = { .request = -1 };

	if (count == 4 && strcmp(words[1], "watch") == 0 && is_level(words[2])) {
		line.level = atoi(words[2]);
		line.request = atoi(words[3]);
		return watch(&line);
	}
	if (count == 6 && strcmp(words[1], "watch") == 0 && is_level(words[2])) {
		line.level = atoi(words[2]);
		line.export = words[3];
		line.number = words[4];
		snprintf(line.folder, sizeof(line.folder), "%s", words[5]);
		return watch(&line);
	}
	if (count == 4 && is_level(words[3]))
		return off_once(words + 1);
	fprintf(stderr, "usage: relay-off LABELS LINE LEVEL\n");
	return USAGE;
}
