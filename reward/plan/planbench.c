/* reward/plan/planbench.c - see planbench.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/plan/planbench.h"

#include <pthread.h>

#include "base/json.h"

/* clang-format off */
static const char BLOCKSWORLD[] =
    "(define (domain blocksworld-4ops)\n"
    " (:requirements :strips)\n"
    " (:predicates (on ?x ?y) (ontable ?x) (clear ?x) (holding ?x) (handempty))\n"
    " (:action pick-up :parameters (?x)\n"
    "  :precondition (and (handempty) (clear ?x) (ontable ?x))\n"
    "  :effect (and (holding ?x) (not (handempty)) (not (clear ?x)) (not (ontable ?x))))\n"
    " (:action put-down :parameters (?x)\n"
    "  :precondition (and (holding ?x))\n"
    "  :effect (and (ontable ?x) (clear ?x) (handempty) (not (holding ?x))))\n"
    " (:action stack :parameters (?x ?y)\n"
    "  :precondition (and (holding ?x) (clear ?y))\n"
    "  :effect (and (on ?x ?y) (clear ?x) (handempty) (not (holding ?x)) (not (clear ?y))))\n"
    " (:action unstack :parameters (?x ?y)\n"
    "  :precondition (and (handempty) (clear ?x) (on ?x ?y))\n"
    "  :effect (and (holding ?x) (clear ?y) (not (handempty)) (not (clear ?x)) (not (on ?x ?y)))))\n";

static const char BLOCKSWORLD_WORDS[] =
    "{\"actions\":{\"pick-up\":\"pick up the {}\",\"put-down\":\"put down the {}\","
    "\"stack\":\"stack the {} on top of the {}\",\"unstack\":\"unstack the {} from on top of the {}\"},"
    "\"objects\":{\"a\":\"red block\",\"b\":\"blue block\",\"c\":\"orange block\",\"d\":\"yellow block\","
    "\"e\":\"white block\",\"f\":\"magenta block\",\"g\":\"black block\",\"h\":\"cyan block\","
    "\"i\":\"green block\",\"j\":\"violet block\",\"k\":\"silver block\",\"l\":\"gold block\"}}";

/* province: clear, planet: on the table, harmony: hand empty, pain: holding, craves: on */
static const char MYSTERY[] =
    "(define (domain mystery-4ops)\n"
    " (:requirements :strips)\n"
    " (:predicates (craves ?x ?y) (planet ?x) (province ?x) (pain ?x) (harmony))\n"
    " (:action attack :parameters (?x)\n"
    "  :precondition (and (harmony) (province ?x) (planet ?x))\n"
    "  :effect (and (pain ?x) (not (harmony)) (not (province ?x)) (not (planet ?x))))\n"
    " (:action succumb :parameters (?x)\n"
    "  :precondition (and (pain ?x))\n"
    "  :effect (and (planet ?x) (province ?x) (harmony) (not (pain ?x))))\n"
    " (:action overcome :parameters (?x ?y)\n"
    "  :precondition (and (pain ?x) (province ?y))\n"
    "  :effect (and (craves ?x ?y) (province ?x) (harmony) (not (pain ?x)) (not (province ?y))))\n"
    " (:action feast :parameters (?x ?y)\n"
    "  :precondition (and (harmony) (province ?x) (craves ?x ?y))\n"
    "  :effect (and (pain ?x) (province ?y) (not (harmony)) (not (province ?x)) (not (craves ?x ?y)))))\n";

static const char MYSTERY_WORDS[] =
    "{\"actions\":{\"attack\":\"attack {}\",\"succumb\":\"succumb {}\","
    "\"overcome\":\"overcome {} from {}\",\"feast\":\"feast {} from {}\"},"
    "\"objects\":{\"a\":\"object a\",\"b\":\"object b\",\"c\":\"object c\",\"d\":\"object d\","
    "\"e\":\"object e\",\"f\":\"object f\",\"g\":\"object g\",\"h\":\"object h\",\"i\":\"object i\","
    "\"j\":\"object j\",\"k\":\"object k\",\"l\":\"object l\"}}";

static const char LOGISTICS[] =
    "(define (domain logistics-strips)\n"
    " (:requirements :strips)\n"
    " (:predicates (obj ?o) (truck ?t) (airplane ?a) (location ?l) (airport ?l) (city ?c)\n"
    "  (at ?x ?l) (in ?o ?v) (in-city ?l ?c))\n"
    " (:action load-truck :parameters (?o ?t ?l)\n"
    "  :precondition (and (obj ?o) (truck ?t) (location ?l) (at ?t ?l) (at ?o ?l))\n"
    "  :effect (and (in ?o ?t) (not (at ?o ?l))))\n"
    " (:action unload-truck :parameters (?o ?t ?l)\n"
    "  :precondition (and (obj ?o) (truck ?t) (location ?l) (at ?t ?l) (in ?o ?t))\n"
    "  :effect (and (at ?o ?l) (not (in ?o ?t))))\n"
    " (:action load-airplane :parameters (?o ?a ?l)\n"
    "  :precondition (and (obj ?o) (airplane ?a) (location ?l) (at ?a ?l) (at ?o ?l))\n"
    "  :effect (and (in ?o ?a) (not (at ?o ?l))))\n"
    " (:action unload-airplane :parameters (?o ?a ?l)\n"
    "  :precondition (and (obj ?o) (airplane ?a) (location ?l) (at ?a ?l) (in ?o ?a))\n"
    "  :effect (and (at ?o ?l) (not (in ?o ?a))))\n"
    " (:action drive-truck :parameters (?t ?from ?to ?c)\n"
    "  :precondition (and (truck ?t) (location ?from) (location ?to) (city ?c) (at ?t ?from)\n"
    "   (in-city ?from ?c) (in-city ?to ?c))\n"
    "  :effect (and (at ?t ?to) (not (at ?t ?from))))\n"
    " (:action fly-airplane :parameters (?a ?from ?to)\n"
    "  :precondition (and (airplane ?a) (airport ?from) (airport ?to) (at ?a ?from))\n"
    "  :effect (and (at ?a ?to) (not (at ?a ?from)))))\n";

static const char DEPOTS[] =
    "(define (domain depots)\n"
    " (:requirements :strips :typing)\n"
    " (:types place locatable - object\n"
    "  depot distributor - place\n"
    "  truck hoist surface - locatable\n"
    "  pallet crate - surface)\n"
    " (:predicates (at ?l - locatable ?p - place) (on ?c - crate ?s - surface) (in ?c - crate ?t - truck)\n"
    "  (lifting ?h - hoist ?c - crate) (available ?h - hoist) (clear ?s - surface))\n"
    " (:action drive :parameters (?t - truck ?from ?to - place)\n"
    "  :precondition (and (at ?t ?from))\n"
    "  :effect (and (at ?t ?to) (not (at ?t ?from))))\n"
    " (:action lift :parameters (?h - hoist ?c - crate ?s - surface ?p - place)\n"
    "  :precondition (and (at ?h ?p) (available ?h) (at ?c ?p) (on ?c ?s) (clear ?c))\n"
    "  :effect (and (lifting ?h ?c) (clear ?s) (not (at ?c ?p)) (not (clear ?c)) (not (available ?h))\n"
    "   (not (on ?c ?s))))\n"
    " (:action drop :parameters (?h - hoist ?c - crate ?s - surface ?p - place)\n"
    "  :precondition (and (at ?h ?p) (at ?s ?p) (clear ?s) (lifting ?h ?c))\n"
    "  :effect (and (available ?h) (at ?c ?p) (clear ?c) (on ?c ?s) (not (lifting ?h ?c))\n"
    "   (not (clear ?s))))\n"
    " (:action load :parameters (?h - hoist ?c - crate ?t - truck ?p - place)\n"
    "  :precondition (and (at ?h ?p) (at ?t ?p) (lifting ?h ?c))\n"
    "  :effect (and (in ?c ?t) (available ?h) (not (lifting ?h ?c))))\n"
    " (:action unload :parameters (?h - hoist ?c - crate ?t - truck ?p - place)\n"
    "  :precondition (and (at ?h ?p) (at ?t ?p) (available ?h) (in ?c ?t))\n"
    "  :effect (and (lifting ?h ?c) (not (in ?c ?t)) (not (available ?h)))))\n";

static const char SOKOBAN[] =
    "(define (domain typed-sokoban)\n"
    " (:requirements :typing)\n"
    " (:types loc dir box)\n"
    " (:predicates (at-robot ?l - loc) (at ?b - box ?l - loc) (clear ?l - loc)\n"
    "  (adjacent ?a - loc ?b - loc ?d - dir))\n"
    " (:action move :parameters (?from ?to - loc ?d - dir)\n"
    "  :precondition (and (at-robot ?from) (clear ?to) (adjacent ?from ?to ?d))\n"
    "  :effect (and (at-robot ?to) (not (at-robot ?from))))\n"
    " (:action push :parameters (?robot ?from ?to - loc ?d - dir ?b - box)\n"
    "  :precondition (and (at-robot ?robot) (at ?b ?from) (clear ?to) (adjacent ?robot ?from ?d)\n"
    "   (adjacent ?from ?to ?d))\n"
    "  :effect (and (at-robot ?from) (at ?b ?to) (clear ?from) (not (at-robot ?robot)) (not (at ?b ?from))\n"
    "   (not (clear ?to)))))\n";
/* clang-format on */

static const struct {
    const char *name, *alias; /* alias: as its PDDL names it */
    const char *pddl, *words;
} table[] = {
    {"blocksworld", "blocksworld-4ops", BLOCKSWORLD, BLOCKSWORLD_WORDS},
    {"mystery", "mystery-4ops", MYSTERY, MYSTERY_WORDS},
    {"logistics", "logistics-strips", LOGISTICS, NULL},
    {"depots", "depot", DEPOTS, NULL},
    {"sokoban", "typed-sokoban", SOKOBAN, NULL},
};

enum { N_DOMAINS = sizeof(table) / sizeof(table[0]), ARENA_BYTES = 1 << 20 };

static struct arena *arena; /* what domains points into */
static struct planbench_domain domains[N_DOMAINS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Kept until the process ends. A domain without memory for it stays NULL: unknown. */
static void read_all(void)
{
    arena = arena_new(ARENA_BYTES);
    for (int i = 0; arena != NULL && i < N_DOMAINS; i++) {
        domains[i].domain = pddl_parse_domain(span_str(table[i].pddl), arena, NULL);
        cJSON *words = table[i].words == NULL ? NULL : json_parse(span_str(table[i].words), NULL);
        if (words != NULL) domains[i].wording = wording_read(words, arena, NULL);
        cJSON_Delete(words);
    }
}

const struct planbench_domain *planbench_find(struct span name)
{
    pthread_once(&once, read_all);
    for (int i = 0; i < N_DOMAINS; i++) {
        if (!span_is(name, table[i].name) && !span_is(name, table[i].alias)) continue;
        return domains[i].domain == NULL ? NULL : &domains[i];
    }
    return NULL;
}
