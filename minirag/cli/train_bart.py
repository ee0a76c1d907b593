"""How does a generator learn to write and to read? `minirag train bart`.

Paper     Lewis et al. 2019 (BART), §2.2, §3; RAG §2.3
Tutorial  tutorials/17_training_rag.py
Tests     tests/cli/test_train_bart.py
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from minirag.cli.console import progress_bar
from minirag.cli.several_processes import first_one_first, joined, shared_out
from minirag.cli.training_options import TrainingOptions, option, with_training_options

if TYPE_CHECKING:
    from minirag.model.bart import BartForConditionalGeneration
    from minirag.retrieval.passages import PassageStore
    from minirag.text.tokenizers import Tokenizer
    from minirag.training.bart.examples import Form
    from minirag.training.bart.kinds import Kind
    from minirag.training.bart.measures import Exam
    from minirag.training.texts import Texts

USUAL = {"denoise": 0.2, "spans": 0.4, "questions": 0.4}


@with_training_options(batch_size=48, learning_rate=1e-3, steps=None)
def bart(
    training: TrainingOptions,
    text: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Prose, .jsonl or a text a line, or .gz; may be given again.", show_default=False
        ),
    ] = None,
    questions: Annotated[Path | None, option("Annotated questions to learn to read from.", metavar="FILE")] = None,
    kb: Annotated[
        Path | None, option("Passages that questions name: a knowledge base, or a file of documents.", metavar="PATH")
    ] = None,
    dev: Annotated[
        Path | None, option("Questions to measure with (default: made from the text).", metavar="FILE")
    ] = None,
    dev_sample: Annotated[int, option("How many of them.")] = 300,
    mix: Annotated[
        str | None, option("Shares of the batches (default: denoise=0.2,spans=0.4,questions=0.4).", metavar="MIX")
    ] = None,
    misleading: Annotated[float, option("Share of questions shown a passage without the answer.", metavar="X")] = 0.0,
    start: Annotated[
        Path | None, option("Go on from this BART, or from the generator of a RAG.", metavar="DIR")
    ] = None,
    tokenizer: Annotated[Path | None, option("Vocabulary of a new generator.", metavar="DIR")] = None,
    vocabulary: Annotated[int, option("Tokens of a vocabulary learned from the text, without --tokenizer.")] = 8000,
    layers: Annotated[str, option("Of a new generator: encoder,decoder.", metavar="N,M")] = "3,2",
    width: Annotated[int, option("Of a new generator.")] = 192,
    heads: Annotated[int, option("Of a new generator.")] = 6,
    dropout: Annotated[float | None, option("Default: 0, or that of --start.", metavar="X")] = None,
    max_length: Annotated[int, option("Tokens of a source; longer passages are cut around the answer.")] = 160,
    shortest: Annotated[int, option("Tokens of a source at first (0: --max-length).")] = 0,
    growing: Annotated[int, option("Steps in which sources grow to --max-length.")] = 0,
    label_smoothing: Annotated[float, option("Share of each target spread over the vocabulary.", metavar="X")] = 0.0,
    guidance: Annotated[float, option("Help with copying: weight of guided attention.", metavar="X")] = 0.0,
    matching: Annotated[float, option("Help with finding the question's words in the passage.", metavar="X")] = 0.0,
    help_steps: Annotated[int, option("Steps in which both helps fade away (0: they stay).")] = 0,
    decay_from: Annotated[float, option("Share of the steps before the learning rate falls.", metavar="X")] = 0.0,
    watch: Annotated[
        str, option("Measure whose best weights are kept ('': the last).", metavar="NAME")
    ] = "exact_match",
    answer_space: Annotated[
        bool, option("Answers begin with a space, as in the passage.", "--answer-space/--no-answer-space", metavar=None)
    ] = True,
) -> None:
    """Train a generator: mending broken texts, and reading; from random weights, or from any BART."""
    chosen = {name: value for name, value in locals().items() if name not in ("training", "text")}
    from minirag.cli.opening import choose_device
    from minirag.cli.training_options import loop_settings, run_folder
    from minirag.cli.training_run import run_training
    from minirag.training.activation_checkpointing import checkpoint_activations
    from minirag.training.bart.batches import Course, steps_per_epoch
    from minirag.training.bart.examples import Form
    from minirag.training.bart.kinds import common_in
    from minirag.training.bart.task import Objective, bart_task
    from minirag.training.texts import Texts

    if not text and questions is None:
        raise ValueError("nothing to learn from: give --text, --questions or both")
    if matching and training.shard:
        raise ValueError(f"--matching {matching}: does not go with --shard (it reads layers one by one)")
    device = choose_device(training.device)
    processes = joined(training, device)
    run = run_folder(training, **chosen, text=[str(path) for path in text or []])
    texts = Texts(text) if text else None
    with first_one_first(processes):
        generator, words = beginning(
            run.folder, texts, start, tokenizer, vocabulary, (layers, width, heads), dropout, training.seed
        )
        store = open_passages(kb, run.folder, processes.rank == 0) if kb else None
    kinds = kinds_of(texts, questions, store, misleading)
    form = Form(words, generator.config, max_length, answer_space)
    form = replace(form, common=common_in(kinds[-1], form)) if matching else form
    mixed, evenly = shares(mix, kinds), processes.count if training.shard else 1
    course = Course(kinds, mixed, form, training.batch_size, training.seed, shortest, growing, evenly)
    exams = exams_for(dev, store, texts, form, dev_sample)
    settings = loop_settings(training, steps_per_epoch(course), device, decay_from=decay_from, watch=watch)
    generator.to(device)
    how = Objective(training.accumulate, label_smoothing, guidance, matching, help_steps)
    if training.activation_checkpointing:
        checkpoint_activations(generator)
    processes = shared_out(generator, processes, training.shard)
    task = bart_task(generator, course, exams, how, settings.bf16, processes)
    tell(exams, generator.config.vocab_size, course.mix)
    run_training(generator, task, settings, run, steps_per_epoch(course), training.every, "bart", processes)
    if processes.rank == 0:
        write(generator, words, training.out)


def beginning(
    work: Path,
    texts: "Texts | None",
    start: Path | None,
    tokenizer: Path | None,
    vocabulary: int,
    size: tuple[str, int, int],
    dropout: float | None,
    seed: int,
) -> "tuple[BartForConditionalGeneration, Tokenizer]":
    """The generator before the first step. A vocabulary is learned once: it is kept with the checkpoints."""
    from minirag.text.tokenizers import Tokenizer
    from minirag.training.bart.start import learned_vocabulary, new_generator, open_generator, read_layers

    if start is not None:
        return open_generator(start, dropout)
    place = tokenizer or work / "tokenizer"
    if tokenizer is None and not place.exists():
        if texts is None:
            raise ValueError("a new generator needs a vocabulary: give --tokenizer, or --text to learn one from")
        learned_vocabulary(texts, vocabulary).save_pretrained(place)
    words = Tokenizer.from_pretrained(place)
    layers, width, heads = size
    return new_generator(words.vocab_size, read_layers(layers), width, heads, dropout or 0.0, seed), words


def open_passages(path: Path, work: Path, first: bool) -> "PassageStore":
    """Those of a knowledge base, or a file of documents, of which each is a passage: the first process keeps them."""
    from minirag.documents.reading import read_documents
    from minirag.retrieval import checked_passages
    from minirag.retrieval.passages import PassageStore
    from minirag.retrieval.sidecar import PASSAGES

    if path.is_dir():
        return checked_passages.open_passages(path)
    place = work / PASSAGES
    if not first:
        return PassageStore.open(place)
    work.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)  # the file may have changed
    return PassageStore.create(place, read_documents([path], None))


def kinds_of(
    texts: "Texts | None", questions: Path | None, store: "PassageStore | None", misleading: float
) -> "list[Kind]":
    from minirag.questions.reading import open_questions
    from minirag.training.bart import kinds

    found = [kinds.denoise(texts), kinds.spans(texts)] if texts else []
    if questions is not None:
        with progress_bar("questions") as report:
            found.append(kinds.questions(open_questions(questions, progress=report), store, misleading))
    return found


def shares(mix: str | None, kinds: "list[Kind]") -> dict[str, float]:
    """As asked; else the usual ones, of the kinds that there are."""
    from minirag.training.bart.batches import read_mix

    names = [kind.name for kind in kinds]
    asked = read_mix(mix or ",".join(f"{name}={USUAL[name]}" for name in names))
    for name in asked:
        if name not in names:
            raise ValueError(f"--mix {mix}: there is nothing for {name} (--text or --questions is missing)")
    return asked


def exams_for(
    dev: Path | None, store: "PassageStore | None", texts: "Texts | None", form: "Form", sample: int
) -> "list[Exam]":
    from minirag.questions.reading import open_questions
    from minirag.training.bart.measures import exams_of_questions, exams_of_texts

    whole = replace(form, max_length=form.config.max_position_embeddings)
    if dev is not None:
        return exams_of_questions(open_questions(dev), store, whole, sample)
    return exams_of_texts(texts, whole, sample) if texts is not None else []


def tell(exams: "list[Exam]", vocab_size: int, mix: "Mapping[str, float]") -> None:
    """What the figures that follow are to be compared with."""
    from minirag.training.bart.measures import guessing

    print("batches:", ", ".join(f"{name} {100 * share:.0f} %" for name, share in mix.items()))
    if exams:
        chance = ", ".join(f"{name} {value:.2f}" for name, value in guessing(exams, vocab_size).items())
        print(f"{len(exams)} dev questions; guessing at random would score {chance}")


def write(generator: "BartForConditionalGeneration", tokenizer: "Tokenizer", out: Path) -> None:
    from minirag.model.checkpoint import save_network
    from minirag.retrieval.whole_folder import whole_folder

    with whole_folder(out) as unfinished:
        save_network(generator, unfinished)
        tokenizer.save_pretrained(unfinished)
    print(f"{out}: a BART with its tokenizer")
