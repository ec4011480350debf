/*
 * The two calls to the kernel that Node.js does not offer: ioctl(fd, request, buffer) and flock(fd, operation).
 *
 * Guarantee: synchronous, keeps nothing, never waits for a lock, and never lets the kernel read or write beyond the
 * buffer, because the size that the request number names is checked first. Only chardev/uapi.ts knows the meaning
 * of the bytes.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#define NAPI_VERSION 8
#include <node_api.h>

/* Requests from before sizes were part of the number, such as FIONBIO, take an int. */
static size_t smallest_buffer(uint32_t request)
{
	size_t size = _IOC_SIZE(request);

	return size > sizeof(int) ? size : sizeof(int);
}

static napi_value failed(napi_env env, const char *expected)
{
	napi_throw_type_error(env, NULL, expected);
	return NULL;
}

static napi_value number(napi_env env, int value)
{
	napi_value result;

	return napi_create_int32(env, value, &result) == napi_ok ? result : NULL;
}

static const char ioctl_form[] = "expected ioctl(descriptor, request, bytes) with enough bytes for the request";
static const char flock_form[] = "expected flock(descriptor, shared)";

/* ioctl(descriptor: number, request: number, bytes: Uint8Array): number, which is 0 or the errno */
static napi_value call_ioctl(napi_env env, napi_callback_info info)
{
	napi_value arguments[3];
	size_t count = 3, length;
	int32_t descriptor;
	uint32_t request;
	napi_typedarray_type type;
	void *bytes;
	bool is_array;
	int error;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 3)
		return failed(env, ioctl_form);
	if (napi_get_value_int32(env, arguments[0], &descriptor) != napi_ok ||
	    napi_get_value_uint32(env, arguments[1], &request) != napi_ok ||
	    napi_is_typedarray(env, arguments[2], &is_array) != napi_ok || !is_array)
		return failed(env, ioctl_form);
	if (napi_get_typedarray_info(env, arguments[2], &type, &length, &bytes, NULL, NULL) != napi_ok ||
	    type != napi_uint8_array || length < smallest_buffer(request))
		return failed(env, ioctl_form);
	do
		error = ioctl(descriptor, request, bytes) < 0 ? errno : 0;
	while (error == EINTR);
	return number(env, error);
}

/* flock(descriptor: number, shared: boolean): number, which is 0 or the errno */
static napi_value call_flock(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	size_t count = 2;
	int32_t descriptor;
	bool shared;
	int error;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 2 ||
	    napi_get_value_int32(env, arguments[0], &descriptor) != napi_ok ||
	    napi_get_value_bool(env, arguments[1], &shared) != napi_ok)
		return failed(env, flock_form);
	do
		error = flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0 ? errno : 0;
	while (error == EINTR);
	return number(env, error);
}

NAPI_MODULE_INIT()
{
	const napi_property_descriptor calls[] = {
		{ "ioctl", NULL, call_ioctl, NULL, NULL, NULL, napi_default, NULL },
		{ "flock", NULL, call_flock, NULL, NULL, NULL, napi_default, NULL },
	};

	return napi_define_properties(env, exports, 2, calls) == napi_ok ? exports : NULL;
}
