# SPDX-License-Identifier: MIT
# bash completion for wattle(1); works with and without the bash-completion package.

_wattle_options()
{
    local common='--help --log-level --log-format'

    case $1 in
        run) echo "--json --quiet --verbose --hz --live --zone --project --tag --sensors --idle" \
            "--cloud-metadata --no-store --pid --cgroup --user $common" ;;
        monitor) echo "--interval --count --duration --csv --json --hz --sensors --cloud-metadata $common" ;;
        runs) echo "--project --tag --text --since --until --limit --json $common" ;;
        show) echo "--json --verbose $common" ;;
        sensors) echo "--json --sensors --cloud-metadata $common" ;;
        doctor) echo "--fix --root --sensors --cloud-metadata $common" ;;
        load) echo "--cpu --threads --memory --duration --stress --interactive $common" ;;
        calibrate) echo "--watts --load --error --show --forget --json $common" ;;
        estimate) echo "--accelerator --active-parameters --batch --cores --count --cpu --csv" \
            "--epochs --explain --flops --flops-per-sample --household --hybrid --input-tokens" \
            "--json --load --memory-gb --model --network-gb --output-tokens --parameters" \
            "--power-w --precision --pue --request-kb --requests --samples --sockets" \
            "--storage-gb --tdp-w --threads-per-core --tokens --utilization --vcpus --workload" \
            "--zone $common" ;;
        accelerators) echo "--json $common" ;;
        carbon) echo "--trace --column --at --hours --step --known --json $common" ;;
        config) echo "--json $common" ;;
    esac
}

_wattle_ids()
{
    wattle runs --limit 50 2>/dev/null | awk 'NR > 1 { print $1 }'
    echo last
}

# The words that may stand after the option $1; fails when it takes a value that is not known.
_wattle_values()
{
    case $1 in
        --json | --model)
            [[ $2 == run || $1 == --model ]] || return 2
            mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        -o) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        --root | --cgroup) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
        --pid) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur") ;;
        --log-level) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$cur") ;;
        --log-format) mapfile -t COMPREPLY < <(compgen -W 'text json journald' -- "$cur") ;;
        --sensors) mapfile -t COMPREPLY < <(compgen -W 'perf powercap msr nvml hwmon modelled' -- "$cur") ;;
        --hz | --idle | --zone | --project | --tag | --interval | --count | --duration | --text | \
            --since | --until | --limit | --cpu | --threads | --memory) ;;
        *) return 2 ;;
    esac
}

# The index of the first word of the command that `wattle run` measures; fails if there is none yet.
_wattle_command_at()
{
    local i

    for ((i = 2; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) echo $((i + 1)); return 0 ;;
            -o | --json | --hz | --zone | --project | --tag | --sensors | --idle | --pid | \
                --cgroup | --user | --log-level | --log-format) ((i++)) ;;
            =) ((i++)) ;;
            -*) ;;
            *) echo "$i"; return 0 ;;
        esac
    done
    return 1
}

_wattle()
{
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} at
    local command=${COMP_WORDS[1]}
    local commands='run monitor runs show sensors doctor load calibrate estimate accelerators carbon config help'

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur")
        return
    fi
    if [[ $command == run ]] && at=$(_wattle_command_at); then
        if declare -F _command_offset >/dev/null; then
            _command_offset "$at"
        elif ((COMP_CWORD == at)); then
            mapfile -t COMPREPLY < <(compgen -c -- "$cur")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        fi
        return
    fi
    if _wattle_values "$before" "$command"; then
        return
    fi
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_wattle_options "$command")" -- "$cur")
        return
    fi
    case $command in
        run) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
        show) mapfile -t COMPREPLY < <(compgen -W "$(_wattle_ids)" -- "$cur") ;;
        help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
        carbon) mapfile -t COMPREPLY < <(compgen -W 'forecast' -- "$cur") ;;
        estimate) mapfile -t COMPREPLY < <(compgen -W 'server train infer compare' -- "$cur") ;;
    esac
}

complete -F _wattle wattle
