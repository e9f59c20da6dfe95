/* SPDX-License-Identifier: MIT */
#include "sense/ipmi.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

struct symbol {
    size_t offset;
    const char *name;
};

#define MEMBER(name) offsetof(struct ipmi_api, name)

static const struct symbol symbols[] = {
    {MEMBER(context_create), "ipmi_ctx_create"},
    {MEMBER(context_destroy), "ipmi_ctx_destroy"},
    {MEMBER(context_errormsg), "ipmi_ctx_errormsg"},
    {MEMBER(open_inband), "ipmi_ctx_open_inband"},
    {MEMBER(close), "ipmi_ctx_close"},
    {MEMBER(get_power_reading), "ipmi_cmd_dcmi_get_power_reading"},
    {MEMBER(object_create), "fiid_obj_create"},
    {MEMBER(object_destroy), "fiid_obj_destroy"},
    {MEMBER(object_get), "FIID_OBJ_GET"},
    {MEMBER(power_template), "tmpl_cmd_dcmi_get_power_reading_rs"},
};

int ipmi_api_load(const char *path, struct ipmi_api *ret, struct wattle_error *err)
{
    const char *name = path != NULL ? path : "libfreeipmi.so.17";
    size_t i;

    memset(ret, 0, sizeof *ret);
    /* Never unmapped: a thread may still be inside when its reader has gone. */
    ret->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (ret->handle == NULL) {
        const char *words = dlerror();

        return error_set(err, WATTLE_E_NOENT, "%s", words != NULL ? words : "cannot be opened");
    }
    for (i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = dlsym(ret->handle, symbols[i].name);

        if (symbol == NULL) {
            ipmi_api_unload(ret);
            return error_set(err, WATTLE_E_UNSUPPORTED, "%s has no %s", name, symbols[i].name);
        }
        memcpy((char *)ret + symbols[i].offset, &symbol, sizeof symbol);
    }
    return 0;
}

void ipmi_api_unload(struct ipmi_api *api)
{
    if (api->handle != NULL) {
        dlclose(api->handle);
        api->handle = NULL;
    }
}
