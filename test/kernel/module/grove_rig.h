/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * grove_rig: a Grove Base Hat made of software, one level below the drivers.
 *
 * The kernel sees a gpio_chip with interrupts and I2C adapter 1 with the hat's chips on it; a test sees a
 * debugfs folder to set the room, the faults and the buttons, and to read the lines and the displays.
 */
#ifndef GROVE_RIG_H
#define GROVE_RIG_H

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/i2c.h>
#include <linux/seq_file.h>
#include <linux/types.h>

/* Reads one short line of text written to a debugfs file. Returns 0 or a negative errno. */
int rig_command(const char __user *text, size_t count, char *line, size_t size);

int rig_gpio_add(struct dentry *folder);
void rig_gpio_remove(void);

int rig_i2c_add(struct dentry *folder);
void rig_i2c_remove(void);

/*
 * A chip on the bus. Each call is one message of a transfer; it is called with the bus locked and returns 0 or
 * the errno that a Raspberry Pi's controller would report.
 */
struct rig_chip {
	u16 address;
	const char *name;
	int (*write)(const u8 *bytes, size_t count);
	int (*read)(u8 *bytes, size_t count);
	void (*reset)(void);
};

extern const struct rig_chip rig_sht31, rig_oled, rig_lcd, rig_backlight;

void rig_climate_files(struct dentry *folder);
void rig_display_files(struct dentry *folder);

/* The SHT31's next answer: the checksum of each word is spoilt. */
void rig_sht31_spoil_checksums(u8 *bytes, size_t count);

#endif
