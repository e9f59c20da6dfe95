/* SPDX-License-Identifier: MIT */
/* The inside of the ipmi driver. */
#ifndef SENSE_IPMI_H
#define SENSE_IPMI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/error.h>

/*
 * FreeIPMI as far as Wattle calls it, found at run time. Source: freeipmi/api/ipmi-api.h,
 * freeipmi/api/ipmi-dcmi-cmds-api.h, freeipmi/fiid/fiid.h of FreeIPMI 1.6 (libfreeipmi.so.17).
 */
struct ipmi_context; /* ipmi_ctx_t */
struct ipmi_object;  /* fiid_obj_t */

struct ipmi_api {
    void *handle;
    struct ipmi_context *(*context_create)(void);
    void (*context_destroy)(struct ipmi_context *context);
    char *(*context_errormsg)(struct ipmi_context *context);
    int (*open_inband)(struct ipmi_context *context, int driver_type, int disable_auto_probe,
                       uint16_t driver_address, uint8_t register_spacing,
                       const char *driver_device, unsigned workaround_flags, unsigned flags);
    int (*close)(struct ipmi_context *context);
    int (*get_power_reading)(struct ipmi_context *context, uint8_t mode, uint8_t mode_attributes,
                             struct ipmi_object *response);
    struct ipmi_object *(*object_create)(void *template);
    void (*object_destroy)(struct ipmi_object *object);
    int (*object_get)(struct ipmi_object *object, const char *field, uint64_t *ret);
    void *power_template; /* tmpl_cmd_dcmi_get_power_reading_rs */
};

int ipmi_api_load(const char *path, struct ipmi_api *ret, struct wattle_error *err);
void ipmi_api_unload(struct ipmi_api *api);

/* Pure: watts of a DCMI answer, or NaN and why. */
double ipmi_power_w(uint64_t current_power, uint64_t measuring, const char **ret_reason);

/*
 * A thread that asks the BMC once a second. The BMC may take a minute to say that it will not
 * answer (the kernel driver's time-out); who reads never waits for it.
 */
struct ipmi_poller;
struct ipmi_poller *ipmi_poller_start(const struct ipmi_api *api, const char *device);
/* Waits at most `wait_ms` for the first answer or failure. Then, and later, the newest one: W, or
 * NaN with words in ret_words (size WATTLE_ERROR_TEXT_MAX; may be NULL). */
void ipmi_poller_wait(struct ipmi_poller *poller, int wait_ms);
double ipmi_poller_power_w(struct ipmi_poller *poller, char *ret_words);
/* The thread ends when its call does; nobody waits for that. Takes NULL. */
void ipmi_poller_stop(struct ipmi_poller *poller);

#endif
