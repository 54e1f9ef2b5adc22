"""Sentences, words and characters of Chinese (simplified, traditional), Japanese and Korean pages."""

from __future__ import annotations

from mathocr.data.synthesis.phrases import words

# `@` is the place of an inline formula, `<noun>` of a word of that list, `<filler>` of any run of characters, `#` of a
# digit, `YYYY` of a year.


def _plane(codec: str, first_row: int, last_row: int) -> str:
    """Characters of the rows (1 to 94) of a national standard, which lists the frequent ones in rows of their own."""
    codes = (bytes((row + 0xA0, cell + 0xA0)) for row in range(first_row, last_row + 1) for cell in range(1, 95))
    return "".join(code.decode(codec, errors="ignore") for code in codes)


_BIG5_CELLS = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
FREQUENT_CHARACTERS = {
    "chinese": _plane("gb2312", 16, 55),  # level 1 of GB 2312: 3,755
    "traditional": "".join(  # level 1 of Big5: 5,401
        bytes((lead, cell)).decode("big5", errors="ignore") for lead in range(0xA4, 0xC7) for cell in _BIG5_CELLS
    )[:5401],
    "japanese": _plane("euc_jp", 4, 4) + _plane("euc_jp", 16, 47) + _plane("euc_jp", 5, 5),  # kana, level 1 of JIS
    "korean": _plane("euc_kr", 16, 40),  # the syllables of KS X 1001
}

MATH = {
    "chinese": (
        "设<noun>@在<set>@上<property>，且@。",
        "已知<noun>@满足@，求@的<value>。",
        "若@，则@；反之，若@，则@不<property>。",
        "由<law>可知，@与@<relation>，故@。",
        "当@时，@<change>；当@时，@<change>。",
        "记@为<noun>@的<value>，则@。",
        "因为@，所以@，从而@是<noun>。",
        "令@，代入上式得@，即@。",
        "对任意的@，都有@成立，其中@为<adjective><noun>。",
        "如图#所示，在<shape>@中，@，点@是@的中点。",
        "过点@作直线@的垂线，交@于点@。",
        "证明：<noun>@关于@<property>。",
        "取@，<then>@；又@，<then>@。",
        "(##分)求<noun>@的<value>，并讨论@的取值范围。",
        "下列关于<noun>@的说法中，正确的是(　　)。",
        "这里@表示第@个<noun>的<value>，@表示<unit>。",
        "<noun>@的<value>为@，<value>为@。",
        "<time>，<noun>@的<value>记作@，与@无关。",
        "<filler>@<filler>，<filler>@<filler>。",
        "<filler>，<filler>@，<filler>。",
        "<filler>@<filler>。",
        "<subject><verb>了@，<filler>@<filler>，<filler>。",
    ),
    "traditional": (
        "設<noun>@在@上<property>，且@。",
        "已知<noun>@滿足@，求@的<value>。",
        "若@，則@；反之，若@，則@不成立。",
        "由定理可知，@與@相等，故@。",
        "當@時，@隨@增大而減小。",
        "對任意的@，都有@成立，其中@為<noun>。",
        "如圖#所示，在三角形@中，@，點@是@的中點。",
        "令@，代入上式得@，即@。",
        "「<filler>」<filler>@<filler>，<filler>@。",
        "<filler>@<filler>，<filler>@<filler>。",
        "<filler>，<filler>@，<filler>。",
    ),
    "japanese": (
        "関数@は区間@で<property>であり、@を満たす。",
        "<noun>@が@を満たすとき、@の値を求めよ。",
        "任意の@に対して@が成り立つことを示せ。",
        "ここで@は<noun>、@は<noun>である。",
        "@とおくと、@より@となる。",
        "したがって@であり、@は@に収束する。",
        "点@を通り、直線@に垂直な直線の方程式は@である。",
        "<noun>@の次元を@とすると、@が得られる。",
        "もし@ならば、@または@である。",
        "仮定より@だから、@は<property>である。",
        "<filler>@<filler>、<filler>@<filler>。",
        "<filler>、<filler>@<filler>。",
    ),
    "korean": (
        "함수 @는 구간 @에서 <property>이고 @를 만족한다.",
        "<noun> @에 대하여 @가 성립함을 보이시오.",
        "임의의 @에 대하여 @이므로 @이다.",
        "여기서 @는 <noun>이고 @는 <noun>이다.",
        "@라 하면 @이고, 따라서 @를 얻는다.",
        "<noun> @의 값이 @일 때, @를 구하시오. (#점)",
        "만약 @이면 @는 <property>이다.",
        "<filler> @ <filler>, <filler> @.",
        "<filler> <filler> @ <filler>.",
    ),
}

PLAIN = {
    "chinese": (
        "<time>，<subject><verb>了<thing>，<filler>。",
        "<subject>在<place><verb><thing>，<time>又<verb><thing>。",
        "<filler>，<filler>，<filler>。",
        "“<filler>，<filler>？”<subject>说：“<filler>。”",
        "<subject>认为，<thing>的<value>并不重要，<filler>；<filler>。",
        "<filler>、<filler>、<filler>和<filler>，都是<place>的<thing>。",
        "《<filler>》是<subject><time>所<verb>的<thing>(<filler>)。",
    ),
    "traditional": (
        "<filler>，<filler>，<filler>。",
        "「<filler>，<filler>？」老師說：「<filler>。」",
        "<filler>；<filler>，<filler>、<filler>。",
        "《<filler>》一書於前年出版，<filler>。",
    ),
    "japanese": (
        "<filler>、<filler>。",
        "「<filler>」と先生は言った。<filler>。",
        "<filler>は<filler>であるが、<filler>ではない。",
        "この<noun>については前の章で述べた。",
    ),
    "korean": (
        "<filler> <filler> <filler>.",
        "<filler> <filler>, <filler> <filler> 하였다.",
        "이 <noun>에 대해서는 앞 장에서 설명하였다.",
    ),
}

LEADS = {
    "chinese": ("于是有", "由此可得", "即", "从而得到", "考虑方程", "我们有：", "所以", "整理得，", "解："),
    "traditional": ("於是有", "由此可得", "即", "從而得到", "考慮方程", "所以"),
    "japanese": ("よって", "ゆえに次式が成り立つ。", "すなわち", "これより", "次の方程式を考える："),
    "korean": ("따라서", "그러므로 다음을 얻는다.", "즉,", "다음 방정식을 생각하자."),
}

LOOK_ALIKES = {
    "chinese": (
        "全长##.#米，宽#.#米，于YYYY年#月##日建成。",
        "每件售价##元，打#折后为##.#元，共售出###件。",
        "见第#章第#节，图#-#及表#.#，参考文献[##]。",
        "联系电话：###-####-####，邮箱：abc##@example.org。",
        "化学式为H\\textsubscript{2}SO\\textsubscript{4}和NaCl，质量为##.# g。",
        "(#)<filler>；(#)<filler>。",
        "满分###分，考试时间##分钟。",
        "<filler>(前###年)，<filler>。",
        "约有##\\%的<subject>使用Windows #或Android，<filler>。",
        "A．<filler>　　B．<filler>　　C．<filler>　　D．<filler>",
        "<filler>(The Art of Words，YYYY)，<filler>。",
        "①<filler>；②<filler>；③<filler>。",
        "气温为##℃，湿度##\\%，比去年高#.#度。",
        "本题共#小题，每小题#分，共##分。",
    ),
    "traditional": (
        "民國##年#月##日，全長##公里，<filler>。",
        "每本定價###元，電話：(0#)####-####。",
        "參見第#章、圖#-#，<filler>[##]。",
        "約有##\\%的學生使用Google，<filler>。",
    ),
    "japanese": (
        "YYYY年#月##日、気温は##度で、参加者は###人であった。",
        "第#章の図#.#および表#を参照([##])。",
        "価格は#,###円(税込)、電話番号は0#-####-####です。",
        "(#)<filler>、(#)<filler>",
        "配点は各#点、制限時間は##分とする。",
    ),
    "korean": (
        "YYYY년 #월 ##일, 기온은 ##도였다.",
        "제#장의 그림 #.#과 표 #을 보라 [##].",
        "가격은 ##,###원이고 전화번호는 0#-####-####이다.",
    ),
}

WORDS = {
    "chinese": {
        "noun": words(
            "函数 数列 方程 向量 矩阵 集合 直线 曲线 平面 多项式 不等式 概率 变量 随机变量 参数 常数 系数 "
            "实数 整数 复数 级数 极限 导数 积分 算子 空间 映射 群 环 域 图 树 路径 序列 样本 区间 椭圆 抛物线 "
            "双曲线 圆 半径"
        ),
        "set": ("区间", "集合", "定义域", "闭区间", "空间", "平面", "开集", "数轴"),
        "property": words("连续 可导 有界 收敛 单调递增 单调递减 可积 对称 成立 发散 为奇函数 为偶函数 唯一 存在"),
        "value": words(
            "值 最大值 最小值 极值 面积 体积 长度 斜率 期望 方差 通项公式 前若干项和 解集 定义域 周期 图像 "
            "导数"
        ),
        "law": ("定理", "引理", "题意", "已知", "余弦定理", "归纳假设", "定义", "上述讨论", "均值不等式", "推论"),
        "relation": ("相等", "平行", "垂直", "成正比", "互不相同", "同构", "相交", "互素"),
        "change": ("单调递增", "趋于零", "取得最大值", "不存在", "大于零", "等于常数", "逐渐减小", "无解"),
        "adjective": ("正", "负", "非零", "任意", "给定的", "实", "有限", "无穷", "固定"),
        "shape": ("三角形", "四边形", "正方形", "圆", "长方体", "梯形", "平行四边形", "棱锥"),
        "then": ("则", "于是", "那么", "可得", "故"),
        "unit": ("时间", "速度", "温度", "质量", "误差", "步长", "电流", "压强"),
        "time": words(
            "后来 当时 不久 去年 今天 早上 同时 有一天 一般来说 最近 从此 事实上 在此之前 十年以后 "
            "随着时间的推移"
        ),
        "subject": words("他 她 人们 老师 学生 国王 作者 研究人员 公司 政府 我们 农民 医生 孩子们 这位诗人 工程师"),
        "verb": words("看见 发现 使用 完成 研究 提出 建立 介绍 带来 改变 忘记 讨论 购买 离开 出版 观察 保护 继承"),
        "thing": words(
            "方法 问题 城市 工作 文化 历史 技术 计划 故事 音乐 制度 作品 河流 山脉 市场 语言 机器 系统 数据 "
            "经济 社会 环境"
        ),
        "place": words("北京 学校 山上 河边 家里 图书馆 国外 南方 城里 市场上 海边 火车站 博物馆 东部地区"),
    },
    "traditional": {
        "noun": words("函數 數列 方程式 向量 矩陣 集合 直線 曲線 多項式 機率 變數 實數 整數 極限 積分 空間 映射 圓"),
        "property": words("連續 可微 有界 收斂 遞增 遞減 對稱"),
        "value": words("值 最大值 最小值 面積 體積 長度 斜率 期望值 標準差"),
    },
    "japanese": {
        "noun": words(
            "関数 数列 方程式 ベクトル 行列 集合 直線 曲線 多項式 確率 変数 定数 整数 極限 積分 空間 写像 "
            "グラフ"
        ),
        "property": words("連続 微分可能 有界 収束 単調増加 正則 線形 対称"),
    },
    "korean": {
        "noun": words("함수 수열 방정식 벡터 행렬 집합 직선 곡선 다항식 확률 변수 상수 정수 극한 적분 공간 그래프"),
        "property": words("연속 유계 수렴 증가함수 선형 대칭 미분가능"),
    },
}  # fmt: skip

TITLES = {
    "chinese": words(
        "数学 分析 基础 理论 应用 方法 线性 代数 几何 概率 统计 模型 系统 网络 能量 结构 研究 导论 练习 "
        "习题 期末 复习 高等 离散 信号 计算 优化 实验"
    ),
    "traditional": words("數學 分析 基礎 理論 應用 方法 線性 代數 幾何 機率 統計 模型 系統 練習 講義 測驗"),
    "japanese": words("数学 解析 基礎 理論 応用 方法 線形 代数 幾何 確率 統計 モデル 演習 講義 問題 入門"),
    "korean": words("수학 해석 기초 이론 응용 방법 선형 대수 기하 확률 통계 모형 연습 강의 문제 입문"),
}

# What a document's parts are called; those that are missing keep their English names.
TERMS = {
    "chinese": {
        "theorem": "定理", "lemma": "引理", "proposition": "命题", "corollary": "推论", "claim": "断言",
        "problem": "问题", "definition": "定义", "example": "例", "exercise": "练习", "remark": "注", "proof": "证明",
        "abstract": "摘要", "references": "参考文献", "figure": "图", "table": "表", "exam": "试卷",
        "name": "姓名", "time": "时间", "minutes": "分钟", "points": "分",
        "question": "", "lecture": "第", "chapter": "章",
    },
    "traditional": {
        "theorem": "定理", "lemma": "引理", "definition": "定義", "example": "例", "remark": "註", "proof": "證明",
        "figure": "圖", "table": "表", "exam": "試卷", "name": "姓名", "time": "時間", "minutes": "分鐘",
        "points": "分", "question": "", "references": "參考文獻",
    },
    "japanese": {
        "theorem": "定理", "lemma": "補題", "proposition": "命題", "corollary": "系", "definition": "定義",
        "example": "例", "exercise": "演習", "remark": "注意", "proof": "証明", "figure": "図", "table": "表",
        "exam": "試験", "name": "氏名", "time": "時間", "minutes": "分", "points": "点",
        "question": "問", "references": "参考文献",
    },
    "korean": {
        "theorem": "정리", "lemma": "보조정리", "definition": "정의", "example": "예", "remark": "참고",
        "proof": "증명", "figure": "그림", "table": "표", "exam": "시험", "name": "이름", "time": "시간",
        "minutes": "분", "points": "점", "question": "문제 ", "references": "참고문헌",
    },
}  # fmt: skip
