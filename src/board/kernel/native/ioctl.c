/*
 * The one call to the kernel that Node.js does not offer: ioctl(fd, request, buffer).
 *
 * Guarantee: synchronous, keeps nothing, and never lets the kernel read or write beyond the buffer, because the size
 * that the request number names is checked first. What the bytes mean is known to chardev/uapi.ts alone.
 */
#include <errno.h>
#include <linux/ioctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#define NAPI_VERSION 8
#include <node_api.h>

/* Requests from before sizes were part of the number, such as FIONBIO, take an int. */
static size_t smallest_buffer(uint32_t request)
{
	size_t size = _IOC_SIZE(request);

	return size > sizeof(int) ? size : sizeof(int);
}

static napi_value failed(napi_env env)
{
	napi_throw_type_error(env, NULL, "expected ioctl(descriptor, request, bytes) with enough bytes for the request");
	return NULL;
}

/* ioctl(descriptor: number, request: number, bytes: Uint8Array): number, which is 0 or the errno */
static napi_value call_ioctl(napi_env env, napi_callback_info info)
{
	napi_value arguments[3], result;
	size_t count = 3, length;
	int32_t descriptor;
	uint32_t request;
	napi_typedarray_type type;
	void *bytes;
	bool is_array;
	int error;

	if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 3)
		return failed(env);
	if (napi_get_value_int32(env, arguments[0], &descriptor) != napi_ok ||
	    napi_get_value_uint32(env, arguments[1], &request) != napi_ok ||
	    napi_is_typedarray(env, arguments[2], &is_array) != napi_ok || !is_array)
		return failed(env);
	if (napi_get_typedarray_info(env, arguments[2], &type, &length, &bytes, NULL, NULL) != napi_ok ||
	    type != napi_uint8_array || length < smallest_buffer(request))
		return failed(env);
	do
		error = ioctl(descriptor, request, bytes) < 0 ? errno : 0;
	while (error == EINTR);
	if (napi_create_int32(env, error, &result) != napi_ok)
		return NULL;
	return result;
}

NAPI_MODULE_INIT()
{
	napi_value function;

	if (napi_create_function(env, "ioctl", NAPI_AUTO_LENGTH, call_ioctl, NULL, &function) != napi_ok ||
	    napi_set_named_property(env, exports, "ioctl", function) != napi_ok)
		return NULL;
	return exports;
}
