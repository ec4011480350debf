// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The displays: an OLED controller in page addressing, the 16x2 text display and its backlight.
 *
 * Arguments of commands are followed exactly, because a byte taken for a command instead of an argument is how a
 * picture gets torn.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "grove_rig.h"

#define OLED_PAGES 16
#define OLED_COLUMNS 128
#define LCD_ROWS 2
#define LCD_COLUMNS 40

static char *oled = "sh1107";
module_param(oled, charp, 0444);
MODULE_PARM_DESC(oled, "controller at 0x3c: sh1107 (128 x 128) or ssd1306 (128 x 64)");

static DEFINE_MUTEX(ram_lock);

static struct {
	u8 ram[OLED_PAGES][OLED_COLUMNS];
	u8 page, column, contrast, command, arguments;
	bool on, page_addressing, small;
} panel;

static void oled_reset(void)
{
	memset(&panel, 0, sizeof(panel));
	memset(panel.ram, 0xa5, sizeof(panel.ram));	/* display RAM is not cleared at power-up */
	panel.small = strcmp(oled, "ssd1306") == 0;
	panel.page_addressing = true;
	panel.contrast = panel.small ? 0x7f : 0x80;
}

/* How many bytes follow a command: SSD1306 rev 1.1 table 9, SH1107 rev 2.0 section "Command table". */
static int arguments_of(u8 command)
{
	if (panel.small) {
		switch (command) {
		case 0x26: case 0x27:
			return 6;
		case 0x29: case 0x2a:
			return 5;
		case 0x21: case 0x22: case 0xa3:
			return 2;
		case 0x20: case 0x81: case 0x8d: case 0xa8: case 0xd3: case 0xd5: case 0xd9: case 0xda: case 0xdb:
			return 1;
		default:
			return 0;
		}
	}
	switch (command) {
	case 0x81: case 0xa8: case 0xad: case 0xd3: case 0xd5: case 0xd9: case 0xdb: case 0xdc:
		return 1;
	default:
		return 0;
	}
}

static void oled_argument(u8 value)
{
	panel.arguments--;
	if (panel.command == 0x81)
		panel.contrast = value;
	else if (panel.command == 0x20)
		panel.page_addressing = (value & 3) == 2;
}

static void oled_command(u8 command)
{
	if (panel.arguments) {
		oled_argument(command);
		return;
	}
	panel.command = command;
	panel.arguments = arguments_of(command);
	if (command <= 0x0f)
		panel.column = (panel.column & 0x70) | command;
	else if (command <= 0x1f)
		panel.column = (panel.column & 0x0f) | (command & 0x07) << 4;
	else if ((command & 0xf0) == 0xb0)
		panel.page = command & (panel.small ? 0x07 : 0x0f);
	else if ((command & 0xfe) == 0xae)
		panel.on = command & 1;
	else if (!panel.small && (command & 0xfe) == 0x20)
		panel.page_addressing = command == 0x20;
}

static void oled_data(u8 value)
{
	panel.ram[panel.page][panel.column] = value;
	/* Page addressing: the column wraps, the page stays. */
	panel.column = (panel.column + 1) % OLED_COLUMNS;
}

/*
 * Control byte, the same on both displays (SSD1306 8.1.5.2): bit 7 one byte follows, then another control byte;
 * bit 6 it is data.
 */
static int display_write(const u8 *bytes, size_t count, void (*command)(u8), void (*data)(u8))
{
	size_t i = 0;

	mutex_lock(&ram_lock);
	while (i < count) {
		u8 control = bytes[i++];
		size_t end = control & 0x80 ? min(i + 1, count) : count;

		for (; i < end; i++) {
			if (control & 0x40)
				data(bytes[i]);
			else
				command(bytes[i]);
		}
	}
	mutex_unlock(&ram_lock);
	return 0;
}

static int oled_write(const u8 *bytes, size_t count)
{
	return display_write(bytes, count, oled_command, oled_data);
}

/* The status byte: bit 6 display off; the lower bits tell the families apart on the modules we have read of. */
static int oled_read(u8 *bytes, size_t count)
{
	memset(bytes, (panel.on ? 0 : 0x40) | (panel.small ? 0x03 : 0x07), count);
	return 0;
}

const struct rig_chip rig_oled = {
	.address = 0x3c, .name = "oled", .write = oled_write, .read = oled_read, .reset = oled_reset,
};

static struct {
	char ram[LCD_ROWS][LCD_COLUMNS];
	u8 row, column;
	bool on;
} text;

static void lcd_clear(void)
{
	memset(text.ram, ' ', sizeof(text.ram));
	text.row = text.column = 0;
}

static void lcd_reset(void)
{
	text.on = false;
	lcd_clear();
}

static void lcd_command(u8 command)
{
	if (command & 0x80) {
		text.row = (command & 0x40) ? 1 : 0;
		text.column = (command & 0x3f) % LCD_COLUMNS;
	} else if ((command & 0xf8) == 0x08) {
		text.on = command & 0x04;
	} else if (command == 0x01) {
		lcd_clear();
	} else if ((command & 0xfe) == 0x02) {
		text.row = text.column = 0;
	}
}

static void lcd_data(u8 value)
{
	text.ram[text.row][text.column] = value;
	text.column = (text.column + 1) % LCD_COLUMNS;
}

static int lcd_write(const u8 *bytes, size_t count)
{
	return display_write(bytes, count, lcd_command, lcd_data);
}

static int lcd_read(u8 *bytes, size_t count)
{
	memset(bytes, 0, count);
	return 0;
}

const struct rig_chip rig_lcd = {
	.address = 0x3e, .name = "lcd", .write = lcd_write, .read = lcd_read, .reset = lcd_reset,
};

static u8 light[16], light_register;

static void backlight_reset(void)
{
	memset(light, 0, sizeof(light));
	light_register = 0;
}

static int backlight_write(const u8 *bytes, size_t count)
{
	size_t i;

	if (count)
		light_register = bytes[0];
	for (i = 1; i < count; i++)
		light[light_register++ % sizeof(light)] = bytes[i];
	return 0;
}

static int backlight_read(u8 *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		bytes[i] = light[light_register++ % sizeof(light)];
	return 0;
}

const struct rig_chip rig_backlight = {
	.address = 0x62, .name = "backlight", .write = backlight_write, .read = backlight_read,
	.reset = backlight_reset,
};

/* oled: 16 pages of 128 columns, as they lie in the display RAM */
static ssize_t oled_file_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	ssize_t done;

	mutex_lock(&ram_lock);
	done = simple_read_from_buffer(to, count, pos, panel.ram, sizeof(panel.ram));
	mutex_unlock(&ram_lock);
	return done;
}

static const struct file_operations oled_fops = {
	.owner = THIS_MODULE, .open = simple_open, .read = oled_file_read,
};

/* displays: "oled ON CONTRAST PAGE_ADDRESSING", "lcd ON", then the two rows of text */
static int displays_show(struct seq_file *out, void *unused)
{
	mutex_lock(&ram_lock);
	seq_printf(out, "oled %d %u %d\nlcd %d\n%.16s\n%.16s\n", panel.on, panel.contrast, panel.page_addressing,
		   text.on, text.ram[0], text.ram[1]);
	mutex_unlock(&ram_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(displays);

void rig_display_files(struct dentry *folder)
{
	debugfs_create_file("oled", 0400, folder, NULL, &oled_fops);
	debugfs_create_file("displays", 0400, folder, NULL, &displays_fops);
}
