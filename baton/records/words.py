"""What the columns of HR systems are called, in Chinese, English, Japanese and Korean, and what each holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Sensitive(StrEnum):
    """What a column says about a person that no report may show."""

    IDENTITY_NUMBER = "identity_number"
    BANK_ACCOUNT = "bank_account"
    PHONE = "phone"
    EMAIL = "email"
    AMOUNT = "amount"
    ADDRESS = "address"
    NAME = "name"
    BIRTHDAY = "birthday"
    PASSPORT = "passport"


SYNONYMS: Final[Mapping[str, str]] = {
    "number": "工号 员工编号 员工工号 人员编号 职员编号 employee_no employee_number emp_no staff_no job_number "
    "社員番号 従業員番号 사번 사원번호",
    "status": "员工状态 在职状态 人员状态 状态 employment_status staff_status employee_status emp_status "
    "在籍状況 재직상태",
    "time_zone": "时区 timezone zone time_zone_sid_key",
    "full_name": "姓名 员工姓名 名字 中文名 name display_name employee_name staff_name 氏名 성명 이름",
    "family_name": "姓 姓氏 last_name surname family 성",
    "given_name": "名 first_name given forename",
    "latin_name": "英文名 拼音 姓名拼音 en_name english_name pinyin ローマ字氏名 영문이름",
    "company": "公司 法人 法人公司 合同主体 company_name legal_entity entity 会社 회사",
    "department": "部门编码 部门代码 部门 所属部门 组织 dept dept_code department_code department_id dept_id org_unit "
    "dept_name department_name 部署 부서",
    "cost_center": "成本中心 cost_centre costcenter",
    "location": "工作地点 办公地点 工作城市 城市 city office work_location 勤務地 근무지",
    "position": "岗位 职位 职务 title job_title position_name 役職 직책",
    "grade": "职级 级别 职等 level job_level rank 等級 직급",
    "employment_type": "用工类型 员工类型 用工形式 employee_type contract_type worker_type 雇用形態 고용형태",
    "manager_number": "直属上级工号 上级工号 汇报人工号 主管工号 直属上级 manager manager_id supervisor leader_user_id",
    "effective_on": "生效日期 异动日期 effective_date",
    "hire_day": "入职日期 入职时间 到岗日期 hire_date start_date join_date join_time enroll_in_date entry_date "
    "hired hired_on date_hired "
    "入社日 입사일",
    "last_working_day": "最后工作日 离职日期 离职时间 leave_date termination_date end_date last_day 退社日 퇴사일",
    "last_working_time": "最后工作时间 last_working_hour",
    "contract_end_day": "合同终止日 合同到期日 合同结束日期 contract_end contract_end_date",
    "pay_end_day": "发薪截止日 薪资截止日 停薪日期 pay_end pay_end_date",
    "work_email": "工作邮箱 公司邮箱 企业邮箱 邮箱 电子邮箱 email e_mail mail work_mail username メールアドレス 이메일",
    "mobile": "手机 手机号 手机号码 联系电话 电话 mobile_phone phone cell cell_phone telephone "
    "携帯電話 電話番号 휴대폰 전화번호",
    "personal_email": "个人邮箱 私人邮箱 private_email home_email",
    "identity_number": "证件号码 身份证号 身份证号码 身份证 id_number id_card identity national_id ssn employee_ssn "
    "マイナンバー 個人番号 주민등록번호",
    "passport_number": "护照号 护照号码 护照 passport passport_no パスポート番号 旅券番号 여권번호",
    "bank_account_holder": "开户名 户名 账户名 account_holder holder_name account_name payee_name 口座名義 예금주",
    "bank_account_number": "银行账号 银行卡号 工资卡号 账号 卡号 account_number bank_account card_number "
    "口座番号 계좌번호",
    "bank_code": "联行号 行号 cnaps bank_number",
    "bank_name": "开户行 开户银行 银行 银行名称 bank 銀行名 은행",
    "salary": "工资 薪资 基本工资 月薪 年薪 薪酬 base_salary monthly_salary annual_salary wage pay "
    "給与 基本給 급여 연봉",
    "address": "地址 住址 家庭住址 家庭地址 户籍地址 home_address residence street_address 住所 주소",
    "birthday": "生日 出生日期 出生年月 birth_date date_of_birth dob birth 生年月日 생년월일",
    "sex": "性别 gender 性別 성별",
}
"""Per concept (mostly a canonical employee column), the words it goes by, separated by blanks."""

_SENSITIVE: Final[Mapping[str, Sensitive]] = {
    "full_name": Sensitive.NAME,
    "family_name": Sensitive.NAME,
    "given_name": Sensitive.NAME,
    "latin_name": Sensitive.NAME,
    "bank_account_holder": Sensitive.NAME,
    "work_email": Sensitive.EMAIL,
    "personal_email": Sensitive.EMAIL,
    "mobile": Sensitive.PHONE,
    "identity_number": Sensitive.IDENTITY_NUMBER,
    "passport_number": Sensitive.PASSPORT,
    "bank_account_number": Sensitive.BANK_ACCOUNT,
    "salary": Sensitive.AMOUNT,
    "address": Sensitive.ADDRESS,
    "birthday": Sensitive.BIRTHDAY,
}

_FRAGMENTS: Final[Mapping[Sensitive, str]] = {
    Sensitive.IDENTITY_NUMBER: "身份证 证件号 身分證 identity idcard nationalid socialsecurity マイナンバー 주민등록",
    Sensitive.PASSPORT: "护照 護照 passport パスポート 旅券 여권",
    Sensitive.BANK_ACCOUNT: "银行卡 银行账 银行帐 卡号 账号 帐号 bankaccount accountno cardno cardnumber iban "
    "口座番号 계좌",
    Sensitive.PHONE: "手机 电话 手機 電話 mobile phone 携帯 휴대폰 전화",
    Sensitive.EMAIL: "邮箱 邮件 郵箱 email メール 이메일",
    Sensitive.AMOUNT: "工资 薪资 薪酬 薪水 月薪 年薪 底薪 日薪 时薪 奖金 补贴 津贴 金额 薪資 应发 实发 應發 實發 "
    "扣款 个税 個稅 社保 公积金 提成 salary wage bonus amount allowance netpay grosspay basepay takehome "
    "compensation deduction 給与 基本給 賞与 手当 支給額 控除 급여 연봉 상여 금액 수당 실수령 지급액 공제",
    Sensitive.ADDRESS: "住址 地址 address 住所 주소",
    Sensitive.BIRTHDAY: "生日 出生 birth 生年月日 생년월일",
    Sensitive.NAME: "姓名 联系人 聯絡人 fullname firstname lastname personname 氏名 フリガナ 성명",
}
"""Parts of a header that give a sensitive column away whatever else stands in it; the first kind that fits counts."""


def plain_name(name: str) -> str:
    """A name without case, blanks, signs and camel humps.

    >>> plain_name("Employee No."), plain_name("staffNo"), plain_name("直属上级 工号")
    ('employeeno', 'staffno', '直属上级工号')
    """
    return re.sub(r"[\W_]+", "", name).lower()


_CONCEPTS: Final = {
    plain_name(word): concept for concept, words in SYNONYMS.items() for word in (concept, *words.split())
}


def concept_of(name: str) -> str | None:
    """The concept a column name is known to mean, or None.

    >>> concept_of("LastName"), concept_of("最后工作日"), concept_of("favourite colour")
    ('family_name', 'last_working_day', None)
    """
    return _CONCEPTS.get(plain_name(name))


def sensitive_by_name(header: str) -> Sensitive | None:
    """What a column holds about a person as far as its header says, or None.

    A header known to mean something harmless is believed; any other is searched for telling parts.

    >>> [str(sensitive_by_name(header)) for header in ("紧急联系人电话", "bank name", "Home Address 2", "部门")]
    ['phone', 'None', 'address', 'None']
    """
    concept = concept_of(header)
    if concept is not None:
        return _SENSITIVE.get(concept)
    plain = plain_name(header)
    return next((kind for kind, parts in _FRAGMENTS.items() if any(part in plain for part in parts.split())), None)
