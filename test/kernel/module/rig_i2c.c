// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * I2C adapter 1 and the faults on it. A fault hits whole transfers, before the chip sees anything, except a bad
 * checksum, which spoils what the SHT31 answered.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "grove_rig.h"

static uint timeout_ms = 100;
module_param(timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "how long a stuck bus holds a transfer before it is given up");

enum fault { FAULT_NONE, FAULT_NACK, FAULT_TIMEOUT, FAULT_CRC, FAULT_BUS };

static const char *const fault_names[] = {
	[FAULT_NONE] = "none", [FAULT_NACK] = "nack", [FAULT_TIMEOUT] = "timeout",
	[FAULT_CRC] = "crc",   [FAULT_BUS] = "bus",
};

static const struct rig_chip *const chips[] = { &rig_sht31, &rig_oled, &rig_lcd, &rig_backlight };

static struct slot {
	enum fault fault;
	int left;		/* transfers that it still hits; -1: until told otherwise */
	u32 good;
	u32 bad;
	u64 bytes;		/* payload of good transfers */
} slots[ARRAY_SIZE(chips)];

static DEFINE_MUTEX(slots_lock);

static enum fault take_fault(struct slot *s, bool reading)
{
	enum fault fault;

	mutex_lock(&slots_lock);
	fault = s->left ? s->fault : FAULT_NONE;
	if (fault == FAULT_CRC && !reading)
		fault = FAULT_NONE;	/* it waits for an answer to spoil */
	if (fault && s->left > 0)
		s->left--;
	mutex_unlock(&slots_lock);
	return fault;
}

static int transfer(const struct rig_chip *chip, struct slot *s, struct i2c_msg *msg)
{
	bool reading = msg->flags & I2C_M_RD;
	enum fault fault = take_fault(s, reading);
	int err;

	switch (fault) {
	case FAULT_NACK:
		return -EREMOTEIO;	/* as i2c-bcm2835 reports it */
	case FAULT_BUS:
		return -EIO;
	case FAULT_TIMEOUT:
		msleep(timeout_ms);
		return -ETIMEDOUT;
	default:
		break;
	}
	if (reading)
		err = chip->read(msg->buf, msg->len);
	else
		err = chip->write(msg->buf, msg->len);
	if (!err && fault == FAULT_CRC && chip == &rig_sht31 && reading)
		rig_sht31_spoil_checksums(msg->buf, msg->len);
	return err;
}

static int find(u16 address)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(chips); i++)
		if (chips[i]->address == address)
			return i;
	return -1;
}

static int rig_xfer(struct i2c_adapter *adapter, struct i2c_msg *msgs, int num)
{
	int i, err;

	for (i = 0; i < num; i++) {
		int at = find(msgs[i].addr);

		if (at < 0)
			return -EREMOTEIO;
		err = transfer(chips[at], &slots[at], &msgs[i]);
		mutex_lock(&slots_lock);
		if (err)
			slots[at].bad++;
		else {
			slots[at].good++;
			slots[at].bytes += msgs[i].len;
		}
		mutex_unlock(&slots_lock);
		if (err)
			return err;
	}
	return num;
}

static u32 rig_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm rig_algorithm = {
	.master_xfer = rig_xfer,
	.functionality = rig_functionality,
};

static struct i2c_adapter adapter = {
	.owner = THIS_MODULE,
	.name = "bcm2835 (i2c@7e804000)",
	.algo = &rig_algorithm,
	.nr = 1,
};

/* fault: "KIND ADDRESS COUNT"; address 0: every chip; count -1: until told otherwise; kind "none" ends it */
static ssize_t fault_write(struct file *file, const char __user *text, size_t count, loff_t *pos)
{
	char command[48], name[16];
	int address, left, kind, i, hit = 0;
	int err = rig_command(text, count, command, sizeof(command));

	if (err)
		return err;
	if (sscanf(command, "%15s %i %d", name, &address, &left) != 3)
		return -EINVAL;
	kind = match_string(fault_names, ARRAY_SIZE(fault_names), name);
	if (kind < 0)
		return -EINVAL;
	mutex_lock(&slots_lock);
	for (i = 0; i < ARRAY_SIZE(chips); i++) {
		if (address && chips[i]->address != address)
			continue;
		slots[i].fault = kind;
		slots[i].left = left;
		hit++;
	}
	mutex_unlock(&slots_lock);
	return hit ? count : -ENXIO;
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = fault_write,
};

/* transfers: per chip: address name good bad bytes fault left */
static int transfers_show(struct seq_file *out, void *unused)
{
	int i;

	mutex_lock(&slots_lock);
	for (i = 0; i < ARRAY_SIZE(chips); i++)
		seq_printf(out, "0x%02x %s %u %u %llu %s %d\n", chips[i]->address, chips[i]->name, slots[i].good,
			   slots[i].bad, slots[i].bytes, fault_names[slots[i].fault], slots[i].left);
	mutex_unlock(&slots_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(transfers);

int rig_i2c_add(struct dentry *folder)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(chips); i++)
		chips[i]->reset();
	err = i2c_add_numbered_adapter(&adapter);
	if (err)
		return err;
	debugfs_create_file("fault", 0200, folder, NULL, &fault_fops);
	debugfs_create_file("transfers", 0400, folder, NULL, &transfers_fops);
	rig_climate_files(folder);
	rig_display_files(folder);
	return 0;
}

void rig_i2c_remove(void)
{
	i2c_del_adapter(&adapter);
}
