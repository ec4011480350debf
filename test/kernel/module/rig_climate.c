// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The SHT31 as its datasheet (version 5, section 4) has it: single shots without clock stretching, a reading only
 * when the conversion is over, and no answer at all while it is busy.
 */
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "grove_rig.h"

#define STATUS_AT_POWER_UP 0x8010	/* alert pending, reset detected (table 18) */

static struct {
	int temperature_mc;
	int humidity_mpct;
} air = { 18000, 45000 };
static DEFINE_MUTEX(air_lock);

static enum { IDLE, CONVERTING, STATUS_NEXT } state;
static ktime_t ready_at, awake_at;
static u16 status;

/* Section 4.12: polynomial 0x31, start 0xff, no reflection, no final xor. */
static u8 checksum(const u8 *bytes)
{
	u8 crc = 0xff;
	int i, bit;

	for (i = 0; i < 2; i++) {
		crc ^= bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc & 0x80 ? crc << 1 ^ 0x31 : crc << 1;
	}
	return crc;
}

static void put_word(u8 *bytes, u16 word)
{
	bytes[0] = word >> 8;
	bytes[1] = word & 0xff;
	bytes[2] = checksum(bytes);
}

static void convert(unsigned int duration_us)
{
	state = CONVERTING;
	ready_at = ktime_add_us(ktime_get(), duration_us);
}

static void sht31_reset(void)
{
	state = IDLE;
	status = STATUS_AT_POWER_UP;
	awake_at = 0;
}

static bool busy(void)
{
	ktime_t now = ktime_get();

	return ktime_before(now, awake_at) || (state == CONVERTING && ktime_before(now, ready_at));
}

static int sht31_write(const u8 *bytes, size_t count)
{
	if (busy())
		return -EREMOTEIO;
	if (count == 0)
		return 0;	/* only the address: it answers */
	if (count != 2)
		return -EREMOTEIO;
	switch (bytes[0] << 8 | bytes[1]) {	/* the longest durations of table 4 */
	case 0x2400:
		convert(15000);
		return 0;
	case 0x240b:
		convert(6000);
		return 0;
	case 0x2416:
		convert(4000);
		return 0;
	case 0xf32d:
		state = STATUS_NEXT;
		return 0;
	case 0x3041:
		status &= ~STATUS_AT_POWER_UP;
		return 0;
	case 0x30a2:
		sht31_reset();
		awake_at = ktime_add_us(ktime_get(), 1500);
		return 0;
	case 0x306d:
		status |= BIT(13);
		return 0;
	case 0x3066:
		status &= ~BIT(13);
		return 0;
	case 0x3093:
		state = IDLE;
		return 0;
	default:
		status |= BIT(1);	/* command not processed */
		return -EREMOTEIO;
	}
}

static u16 fraction(s64 value, u32 whole)
{
	return div_u64((u64)clamp_t(s64, value, 0, whole) * 65535 + whole / 2, whole);
}

static void measure(u8 *words)
{
	mutex_lock(&air_lock);
	put_word(words, fraction(air.temperature_mc + 45000LL, 175000));
	put_word(words + 3, fraction(air.humidity_mpct, 100000));
	mutex_unlock(&air_lock);
}

static int sht31_read(u8 *bytes, size_t count)
{
	u8 words[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (busy() || state == IDLE)
		return -EREMOTEIO;
	if (state == STATUS_NEXT)
		put_word(words, status);
	else
		measure(words);
	state = IDLE;
	memset(bytes, 0xff, count);	/* nobody drives the bus after the last byte */
	memcpy(bytes, words, min(count, sizeof(words)));
	return 0;
}

void rig_sht31_spoil_checksums(u8 *bytes, size_t count)
{
	size_t i;

	for (i = 2; i < count; i += 3)
		bytes[i] ^= 0x5a;
}

const struct rig_chip rig_sht31 = {
	.address = 0x44, .name = "sht31", .write = sht31_write, .read = sht31_read, .reset = sht31_reset,
};

/* air: "MILLICELSIUS MILLIPERCENT", read and written */
static ssize_t air_write(struct file *file, const char __user *text, size_t count, loff_t *pos)
{
	char command[48];
	int temperature, humidity;
	int err = rig_command(text, count, command, sizeof(command));

	if (err)
		return err;
	if (sscanf(command, "%d %d", &temperature, &humidity) != 2)
		return -EINVAL;
	mutex_lock(&air_lock);
	air.temperature_mc = temperature;
	air.humidity_mpct = humidity;
	mutex_unlock(&air_lock);
	return count;
}

static int air_show(struct seq_file *out, void *unused)
{
	seq_printf(out, "%d %d\n", air.temperature_mc, air.humidity_mpct);
	return 0;
}

static int air_open(struct inode *inode, struct file *file)
{
	return single_open(file, air_show, NULL);
}

static const struct file_operations air_fops = {
	.owner = THIS_MODULE, .open = air_open, .read = seq_read, .write = air_write, .llseek = seq_lseek,
	.release = single_release,
};

void rig_climate_files(struct dentry *folder)
{
	debugfs_create_file("air", 0600, folder, NULL, &air_fops);
}
