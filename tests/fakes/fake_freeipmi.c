/* SPDX-License-Identifier: MIT */
/* A shared library with the few symbols of FreeIPMI that Wattle calls: what README.md here says. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define API __attribute__((visibility("default")))

struct ipmi_context {
    const char *error;
};

struct ipmi_object {
    uint64_t power, measuring;
};

static unsigned option(const char *key, unsigned otherwise)
{
    const char *options = getenv("WATTLE_FAKE_IPMI");
    const char *found = options != NULL ? strstr(options, key) : NULL;

    return found != NULL && found[strlen(key)] == '='
               ? (unsigned)strtoul(found + strlen(key) + 1, NULL, 10)
               : otherwise;
}

extern char tmpl_cmd_dcmi_get_power_reading_rs[];
API char tmpl_cmd_dcmi_get_power_reading_rs[] = "template";

API struct ipmi_context *ipmi_ctx_create(void);
API struct ipmi_context *ipmi_ctx_create(void)
{
    return calloc(1, sizeof(struct ipmi_context));
}

API void ipmi_ctx_destroy(struct ipmi_context *context);
API void ipmi_ctx_destroy(struct ipmi_context *context)
{
    free(context);
}

API const char *ipmi_ctx_errormsg(struct ipmi_context *context);
API const char *ipmi_ctx_errormsg(struct ipmi_context *context)
{
    return context->error;
}

API int ipmi_ctx_open_inband(struct ipmi_context *context, int driver_type, int disable_auto_probe,
                             uint16_t driver_address, uint8_t register_spacing,
                             const char *driver_device, unsigned workaround_flags, unsigned flags);
API int ipmi_ctx_open_inband(struct ipmi_context *context, int driver_type, int disable_auto_probe,
                             uint16_t driver_address, uint8_t register_spacing,
                             const char *driver_device, unsigned workaround_flags, unsigned flags)
{
    (void)disable_auto_probe;
    (void)driver_address;
    (void)register_spacing;
    (void)driver_device;
    if (driver_type != 7 || workaround_flags != 0 || flags != 0 || option("open_fails", 0)) {
        context->error = "driver timeout";
        return -1;
    }
    return 0;
}

API int ipmi_ctx_close(struct ipmi_context *context);
API int ipmi_ctx_close(struct ipmi_context *context)
{
    (void)context;
    return 0;
}

API struct ipmi_object *fiid_obj_create(void *template);
API struct ipmi_object *fiid_obj_create(void *template)
{
    return template == tmpl_cmd_dcmi_get_power_reading_rs ? calloc(1, sizeof(struct ipmi_object))
                                                          : NULL;
}

API void fiid_obj_destroy(struct ipmi_object *object);
API void fiid_obj_destroy(struct ipmi_object *object)
{
    free(object);
}

API int FIID_OBJ_GET(struct ipmi_object *object, const char *field, uint64_t *ret);
API int FIID_OBJ_GET(struct ipmi_object *object, const char *field, uint64_t *ret)
{
    if (strcmp(field, "current_power") == 0) {
        *ret = object->power;
    } else if (strcmp(field, "power_reading_state.power_measurement") == 0) {
        *ret = object->measuring;
    } else {
        return -1;
    }
    return 1;
}

API int ipmi_cmd_dcmi_get_power_reading(struct ipmi_context *context, uint8_t mode,
                                        uint8_t mode_attributes, struct ipmi_object *response);
API int ipmi_cmd_dcmi_get_power_reading(struct ipmi_context *context, uint8_t mode,
                                        uint8_t mode_attributes, struct ipmi_object *response)
{
    unsigned delay_ms = option("delay_ms", 0);
    struct timespec pause = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000L};

    nanosleep(&pause, NULL);
    if (mode != 1 || mode_attributes != 0 || option("unsupported", 0)) {
        context->error = "command invalid or unsupported";
        return -1;
    }
    response->power = option("power", 200);
    response->measuring = option("measuring", 1);
    return 0;
}
