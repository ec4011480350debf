// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Loading and unloading. Either everything is registered or nothing is.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "grove_rig.h"

static struct dentry *folder;

int rig_command(const char __user *text, size_t count, char *line, size_t size)
{
	if (count == 0 || count >= size)
		return -EINVAL;
	if (copy_from_user(line, text, count))
		return -EFAULT;
	line[count] = '\0';
	return 0;
}

static int __init rig_init(void)
{
	int err;

	folder = debugfs_create_dir("grove_rig", NULL);
	err = rig_gpio_add(folder);
	if (err)
		goto no_gpio;
	err = rig_i2c_add(folder);
	if (err)
		goto no_i2c;
	return 0;

no_i2c:
	rig_gpio_remove();
no_gpio:
	debugfs_remove(folder);
	return err;
}

static void __exit rig_exit(void)
{
	/* The files go first: their handlers use what follows. */
	debugfs_remove(folder);
	rig_i2c_remove();
	rig_gpio_remove();
}

module_init(rig_init);
module_exit(rig_exit);
MODULE_DESCRIPTION("A Grove Base Hat made of software, for testing drivers above it");
MODULE_LICENSE("GPL");
