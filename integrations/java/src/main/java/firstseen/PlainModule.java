package firstseen;

import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import firstseen.Sighting.Verdict;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * An instance of the plain module, by {@code wit/README.md}. It is used by one thread at a time, and no more after
 * a {@link ModuleException}. Whoever interrupts the thread ends the call under way, with that exception.
 */
public final class PlainModule {
    private static final int ABI = 2;
    private static final int PAGE_BYTES = 1 << 16;

    private static final int DONE = 0;
    private static final int ASK = 1;
    private static final int INVALID = 2;
    private static final int NOT_CONFIGURED = 3;

    private final Instance instance;
    private final Memory memory;
    private final Limits limits;

    /** An instance with limits. */
    public PlainModule(Limits limits) {
        this.limits = limits;
        int pages = (int) Math.min(limits.memoryBytesMax() / PAGE_BYTES, MemoryLimits.MAX_PAGES);
        try {
            instance = Instance.builder(Loaded.MODULE)
                .withMachineFactory(Plain::create)
                .withMemoryLimits(new MemoryLimits(Loaded.INITIAL_PAGES, Math.max(pages, Loaded.INITIAL_PAGES)))
                .build();
        } catch (ChicoryException error) {
            throw new ModuleException("the module cannot be started", error);
        }
        memory = instance.memory();
        int abi = number("firstseen_abi");
        if (abi != ABI) {
            throw new ModuleException("the module speaks version " + abi + " of the plain ABI, this package " + ABI);
        }
    }

    /** Parsed once, when the first instance is made. */
    private static final class Loaded {
        static final WasmModule MODULE = Plain.load();
        static final int INITIAL_PAGES = MODULE.memorySection().orElseThrow().getMemory(0).limits().initialPages();
    }

    /** Loads rules, and says what became of each. */
    public List<Report> configure(Configuration configuration) {
        return Words.reports(call("configure", Words.encode(configuration)).lines);
    }

    /** What the module says to a batch: questions, or what it gave; the other is {@code null}. */
    public record Step(List<Sighting> questions, Given given) {}

    /**
     * Begins to evaluate NDJSON in UTF-8.
     *
     * @throws InvalidException if the batch or its context is wrong
     * @throws NotConfiguredException if no rule is loaded
     * @throws ModuleException if the module failed
     */
    public Step begin(byte[] batch, Context context) {
        return step(call("begin", batch, Words.encode(context)));
    }

    /** Goes on with the batch: a verdict for each question. Throws what {@link #begin} throws. */
    public Step finish(List<Verdict> verdicts) {
        return step(call("finish", Words.answers(verdicts)));
    }

    private static Step step(Reply reply) {
        return reply.status == ASK
            ? new Step(Words.questions(reply.lines), null)
            : new Step(null, Words.given(reply.lines));
    }

    private record Reply(int status, String lines) {}

    private Reply call(String name, byte[]... inputs) {
        long[] arguments = new long[inputs.length * 2];
        for (int i = 0; i < inputs.length; i++) {
            int piece = number("malloc", inputs[i].length);
            if (piece == 0) {
                for (int given = 0; given < i; given++) {
                    apply("free", arguments[given * 2]);
                }
                throw new InvalidException("the module has no memory for " + inputs[i].length + " bytes");
            }
            memory.write(piece, inputs[i]);
            arguments[i * 2] = piece;
            arguments[i * 2 + 1] = inputs[i].length;
        }
        Reply reply;
        long limitMs = name.equals("configure") ? limits.configureMsMax() : limits.callMsMax();
        Deadline deadline = new Deadline(limits.scheduler(), limitMs);
        try {
            reply = reply(number("firstseen_" + name, arguments));
        } finally {
            deadline.end();
        }
        for (int i = 0; i < inputs.length; i++) {
            apply("free", arguments[i * 2]);
        }
        return switch (reply.status) {
            case DONE, ASK -> reply;
            case INVALID -> throw new InvalidException(reply.lines);
            case NOT_CONFIGURED -> throw new NotConfiguredException();
            default -> throw new ModuleException("the module answers " + name + " with status " + reply.status);
        };
    }

    private Reply reply(int place) {
        try {
            byte[] text = memory.readBytes(memory.readInt(place + 4), memory.readInt(place + 8));
            String lines = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
            return new Reply(memory.readInt(place), lines);
        } catch (ChicoryException | CharacterCodingException error) {
            throw new ModuleException("the module's reply cannot be read", error);
        }
    }

    private int number(String name, long... arguments) {
        return (int) apply(name, arguments)[0];
    }

    private long[] apply(String name, long... arguments) {
        try {
            ExportFunction function = instance.export(name);
            return function.apply(arguments);
        } catch (ChicoryException | StackOverflowError error) {
            throw new ModuleException("the module failed in " + name, error);
        }
    }
}
