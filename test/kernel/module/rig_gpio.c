// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The GPIO chips: the hat's own, and on request a second one that must never be touched.
 *
 * On a Raspberry Pi 5 the numbers from 512 up belong to another chip than the header's, so a program that adds a
 * fixed offset drives somebody else's line. The decoy makes that mistake visible.
 */
#include <linux/gpio/driver.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pinctrl/pinconf-generic.h>
#include <linux/spinlock.h>
#include <linux/version.h>

#include "grove_rig.h"

#define MAX_LINES 64

static char *label = "pinctrl-bcm2711";
module_param(label, charp, 0444);
MODULE_PARM_DESC(label, "label of the header's chip");
static int base = 512;
module_param(base, int, 0444);
MODULE_PARM_DESC(base, "kernel number of its first line");
static uint ngpio = 58;
module_param(ngpio, uint, 0444);
MODULE_PARM_DESC(ngpio, "number of its lines");
static char *decoy_label = "gpio-brcmstb@107d508500";
module_param(decoy_label, charp, 0444);
MODULE_PARM_DESC(decoy_label, "label of the second chip");
static int decoy_base = -1;
module_param(decoy_base, int, 0444);
MODULE_PARM_DESC(decoy_base, "kernel number of its first line; -1: there is none");
static uint decoy_ngpio = 32;
module_param(decoy_ngpio, uint, 0444);
MODULE_PARM_DESC(decoy_ngpio, "number of its lines");

struct line {
	bool requested;		/* somebody holds it now */
	bool seen;		/* somebody held it once */
	bool output;
	bool level;
	u32 writes;		/* by a driver, also when nothing changed */
	u32 rises;		/* by a driver, 0 to 1 */
	s64 changed_ms;		/* since boot; the last change of level */
	u32 edges;		/* IRQ_TYPE_EDGE_* asked for */
	const char *pull;	/* as asked for; NULL: never */
	bool unmasked;
};

struct bank {
	const char *name;
	struct gpio_chip gc;
	struct line lines[MAX_LINES];
	bool added;
};

static struct bank header = { .name = "header" };
static struct bank decoy = { .name = "decoy" };
static DEFINE_RAW_SPINLOCK(lock);

static struct line *line_of(struct gpio_chip *gc, unsigned int offset)
{
	return &((struct bank *)gpiochip_get_data(gc))->lines[offset];
}

static void set_level(struct line *l, bool level)
{
	if (l->level == level)
		return;
	l->level = level;
	l->changed_ms = ktime_to_ms(ktime_get());
}

static void drive(struct line *l, bool level)
{
	l->writes++;
	if (level && !l->level)
		l->rises++;
	set_level(l, level);
}

static int rig_request(struct gpio_chip *gc, unsigned int offset)
{
	struct line *l = line_of(gc, offset);

	l->requested = true;
	l->seen = true;
	return 0;
}

static void rig_free(struct gpio_chip *gc, unsigned int offset)
{
	line_of(gc, offset)->requested = false;
}

static int rig_get_direction(struct gpio_chip *gc, unsigned int offset)
{
	return line_of(gc, offset)->output ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int rig_direction_input(struct gpio_chip *gc, unsigned int offset)
{
	line_of(gc, offset)->output = false;
	return 0;
}

static int rig_direction_output(struct gpio_chip *gc, unsigned int offset, int value)
{
	struct line *l = line_of(gc, offset);
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	l->output = true;
	drive(l, value);
	raw_spin_unlock_irqrestore(&lock, flags);
	return 0;
}

static int rig_set_config(struct gpio_chip *gc, unsigned int offset, unsigned long config)
{
	struct line *l = line_of(gc, offset);

	switch (pinconf_to_config_param(config)) {
	case PIN_CONFIG_BIAS_PULL_UP:
		l->pull = "up";
		return 0;
	case PIN_CONFIG_BIAS_PULL_DOWN:
		l->pull = "down";
		return 0;
	case PIN_CONFIG_BIAS_DISABLE:
		l->pull = "none";
		return 0;
	default:
		return -ENOTSUPP;
	}
}

static int rig_get(struct gpio_chip *gc, unsigned int offset)
{
	return line_of(gc, offset)->level;
}

/* gpiolib made this answer an int in 6.17 and kept the name. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
static int rig_set(struct gpio_chip *gc, unsigned int offset, int value)
#define RIG_SET_DONE return 0
#else
static void rig_set(struct gpio_chip *gc, unsigned int offset, int value)
#define RIG_SET_DONE return
#endif
{
	struct line *l = line_of(gc, offset);
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	if (l->output)
		drive(l, value);
	raw_spin_unlock_irqrestore(&lock, flags);
	RIG_SET_DONE;
}

static void rig_irq_mask(struct irq_data *d)
{
	struct gpio_chip *gc = irq_data_get_irq_chip_data(d);

	line_of(gc, irqd_to_hwirq(d))->unmasked = false;
	gpiochip_disable_irq(gc, irqd_to_hwirq(d));
}

static void rig_irq_unmask(struct irq_data *d)
{
	struct gpio_chip *gc = irq_data_get_irq_chip_data(d);

	gpiochip_enable_irq(gc, irqd_to_hwirq(d));
	line_of(gc, irqd_to_hwirq(d))->unmasked = true;
}

static int rig_irq_set_type(struct irq_data *d, unsigned int type)
{
	struct gpio_chip *gc = irq_data_get_irq_chip_data(d);

	if (type & ~IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	line_of(gc, irqd_to_hwirq(d))->edges = type;
	return 0;
}

static const struct irq_chip rig_irq_chip = {
	.name = "grove-rig",
	.irq_mask = rig_irq_mask,
	.irq_unmask = rig_irq_unmask,
	.irq_set_type = rig_irq_set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

/* What the world outside does to an input: the level first, then the interrupt that it causes. */
static int inject(struct bank *b, unsigned int offset, bool level)
{
	struct line *l;
	unsigned long flags;
	bool rang;

	if (offset >= b->gc.ngpio)
		return -EINVAL;
	l = &b->lines[offset];
	raw_spin_lock_irqsave(&lock, flags);
	if (l->output) {
		raw_spin_unlock_irqrestore(&lock, flags);
		return -EBUSY;
	}
	rang = l->level != level && l->unmasked &&
	       (l->edges & (level ? IRQ_TYPE_EDGE_RISING : IRQ_TYPE_EDGE_FALLING));
	set_level(l, level);
	raw_spin_unlock_irqrestore(&lock, flags);
	if (!rang)
		return 0;
	local_irq_save(flags);
	generic_handle_domain_irq(b->gc.irq.domain, offset);
	local_irq_restore(flags);
	return 0;
}

/* input: "LINE LEVEL" */
static ssize_t input_write(struct file *file, const char __user *text, size_t count, loff_t *pos)
{
	char command[32];
	unsigned int offset, level;
	int err = rig_command(text, count, command, sizeof(command));

	if (err)
		return err;
	if (sscanf(command, "%u %u", &offset, &level) != 2 || level > 1)
		return -EINVAL;
	err = inject(&header, offset, level);
	return err ? err : count;
}

static const struct file_operations input_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = input_write,
};

/* lines: every line that was ever held: bank line direction level writes rises held changed_ms pull */
static void show_bank(struct seq_file *out, const struct bank *b)
{
	unsigned int i;

	for (i = 0; b->added && i < b->gc.ngpio; i++) {
		const struct line *l = &b->lines[i];

		if (l->seen)
			seq_printf(out, "%s %u %s %d %u %u %d %lld %s\n", b->name, i, l->output ? "out" : "in",
				   l->level, l->writes, l->rises, l->requested, l->changed_ms,
				   l->pull ? l->pull : "-");
	}
}

static int lines_show(struct seq_file *out, void *unused)
{
	show_bank(out, &header);
	show_bank(out, &decoy);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lines);

static int add_bank(struct bank *b, const char *chip_label, int first, unsigned int count)
{
	struct gpio_chip *gc = &b->gc;
	int err;

	if (count == 0 || count > MAX_LINES)
		return -EINVAL;
	gc->label = chip_label;
	gc->owner = THIS_MODULE;
	gc->base = first;
	gc->ngpio = count;
	gc->request = rig_request;
	gc->free = rig_free;
	gc->get_direction = rig_get_direction;
	gc->direction_input = rig_direction_input;
	gc->direction_output = rig_direction_output;
	gc->get = rig_get;
	gc->set = rig_set;
	gc->set_config = rig_set_config;
	gpio_irq_chip_set_chip(&gc->irq, &rig_irq_chip);
	gc->irq.handler = handle_simple_irq;
	gc->irq.default_type = IRQ_TYPE_NONE;
	err = gpiochip_add_data(gc, b);
	b->added = !err;
	return err;
}

void rig_gpio_remove(void)
{
	if (decoy.added)
		gpiochip_remove(&decoy.gc);
	if (header.added)
		gpiochip_remove(&header.gc);
	decoy.added = false;
	header.added = false;
}

int rig_gpio_add(struct dentry *folder)
{
	int err = add_bank(&header, label, base, ngpio);

	if (!err && decoy_base >= 0)
		err = add_bank(&decoy, decoy_label, decoy_base, decoy_ngpio);
	if (err) {
		rig_gpio_remove();
		return err;
	}
	debugfs_create_file("input", 0200, folder, NULL, &input_fops);
	debugfs_create_file("lines", 0400, folder, NULL, &lines_fops);
	return 0;
}
