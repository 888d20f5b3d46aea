/* SPDX-License-Identifier: Apache-2.0 */
/* coffer states: the transition tables, as a graph or as text. They are the ones that evolve asks.
 */
#include "core/aggregate/states.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

static const char *event_of(const struct cf_move *move)
{
    return cf_event_name((uint32_t)move->event);
}

static void print_graph(const struct cf_state_machine *machine)
{
    printf("digraph %s {\n    rankdir=LR;\n    node [shape=box, style=rounded];\n", machine->name);
    printf("    none [shape=point];\n");
    for (size_t i = 0; i < machine->move_count - machine->stay_count; i++) {
        const struct cf_move *move = &machine->moves[i];
        printf("    %s -> %s [label=\"%s\", tooltip=\"%s\"];\n", machine->state_names[move->from],
               machine->state_names[move->to], event_of(move), move->trigger);
    }
    printf("}\n");
}

/* One line per event: the states that record it without a move. */
static void print_stays(const struct cf_state_machine *machine)
{
    const struct cf_move *stays = machine->moves + machine->move_count - machine->stay_count;
    if (machine->stay_count == 0)
        return;
    printf("\n| recorded without a move | by | in |\n|---|---|---|\n");
    for (size_t i = 0; i < machine->stay_count; i++) {
        if (i == 0 || stays[i].event != stays[i - 1].event)
            printf("| %s | %s | ", event_of(&stays[i]), stays[i].trigger);
        bool last = i + 1 == machine->stay_count || stays[i + 1].event != stays[i].event;
        printf("%s%s", machine->state_names[stays[i].from], last ? " |\n" : ", ");
    }
}

static void print_tables(const struct cf_state_machine *machine)
{
    printf("## %s\n\n| from | event | to | when |\n|---|---|---|---|\n", machine->name);
    for (size_t i = 0; i < machine->move_count - machine->stay_count; i++) {
        const struct cf_move *move = &machine->moves[i];
        printf("| %s | %s | %s | %s |\n", machine->state_names[move->from], event_of(move),
               machine->state_names[move->to], move->trigger);
    }
    print_stays(machine);
}

int cf_cli_states(int argc, char **argv)
{
    bool graphviz = false;
    bool markdown = false;
    const struct cf_option options[] = {
        CF_OPTION_FLAG("graphviz", &graphviz,
                       "for dot: coffer states --graphviz pledge | dot -Tsvg"),
        CF_OPTION_FLAG("markdown", &markdown, "as tables (the default)"),
    };
    const struct cf_usage usage = {"states [campaign|pledge|payout|user]", options, 2, 0, 1};
    const char *name = NULL;
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, &name, &stop))
        return stop;
    if (graphviz && markdown)
        return cf_cli_usage("states", "either --graphviz or --markdown");
    size_t printed = 0;
    for (size_t i = 0; i < cf_state_machine_count; i++) {
        const struct cf_state_machine *machine = cf_state_machines[i];
        if (name != NULL && strcmp(name, machine->name) != 0)
            continue;
        if (printed++ > 0)
            printf("\n");
        if (graphviz)
            print_graph(machine);
        else
            print_tables(machine);
    }
    return printed > 0 ? CF_EXIT_GOOD : cf_cli_usage("states", "there is no machine %s", name);
}
